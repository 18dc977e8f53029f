"""Amazon OpenSearch Service's domains, served: an engine behind a local AWS edge.

moto keeps the domains. Here they get an endpoint, ``http://127.0.0.1:PORT/opensearch/<region>/<domain>``, that asks for
what Amazon's own asks for before a request reaches a node: a signature, the domain's access policy, a body within the
limit of its instances. The engine behind it is PyPI's ``osmem-server``, in memory, or a real node (see `engines`). What
the first does in another way than the second is listed in `differences`.

All domains share one engine: what a domain holds is told by the names of its indices, which begin with its own name.

Whoever chooses an engine, or asks for one, needs nothing of moto: `data_plane` is for the server alone.
"""

from .control import OpenSearchControl
from .engines import EngineChoice

__all__ = ["EngineChoice", "OpenSearchControl"]
