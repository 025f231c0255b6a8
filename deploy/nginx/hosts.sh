#!/bin/sh
# Print the names of ORATIO_ALLOWED_HOSTS as lines of a map of nginx, as patterns. `*` matches every name.
printf '%s\n' "${ORATIO_ALLOWED_HOSTS:-}" | tr 'A-Z, ' 'a-z\n\n' | sed -n 's/\./\\./g; s/^\*$/.*/; s/..*/"~^&$" 1;/p'
