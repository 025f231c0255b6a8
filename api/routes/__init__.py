"""One file per aggregate; thin: what they do is in the modules beside this folder and in common."""
