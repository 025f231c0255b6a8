"""Files, security policy and placeholder page of the studio. May import `api.http` only."""
