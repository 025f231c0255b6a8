"""Files of the studio, and the placeholder page. May import `common` and the layers of `api` from `models` down."""
