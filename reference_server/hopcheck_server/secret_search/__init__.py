"""Secrets in texts: `canonical` is what a text is searched in, `forms` are how one is written, `search` finds them."""

from hopcheck_server.secret_search.forms import written_forms
from hopcheck_server.secret_search.search import SecretSearch

__all__ = ["SecretSearch", "written_forms"]
