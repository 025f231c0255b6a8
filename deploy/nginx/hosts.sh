#!/bin/sh
# Print the names of ORATIO_ALLOWED_HOSTS as lines of a map of nginx: patterns that allow any port. `*` is every name.
printf '%s\n' "${ORATIO_ALLOWED_HOSTS:-}" | tr ', ' '\n\n' |
    sed -n 's/\./\\./g; s/^\*$/.*/; s/..*/"~*^&\\.?(:[0-9]*)?$" 1;/p'
