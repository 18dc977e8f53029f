"""cloudsearch base URL and path.

A domain's document and search services carry the domain in the path, not in the host name, so that they resolve
wherever moto runs. The first segment, `cloudsearch_<region>`, is moto's own form for requests without a signature.
"""

from .responses import CloudSearchDomainResponse, CloudSearchResponse

url_bases = [r"https?://cloudsearch\.(.+)\.amazonaws\.com"]

_domain = "{0}/cloudsearch_(?P<region>[^/]+)/(?P<account_id>[^/]+)/(?P<domain_name>[^/]+)/2013-01-01"

url_paths = {
    "{0}/$": CloudSearchResponse.dispatch,
    f"{_domain}/documents/batch$": CloudSearchDomainResponse.upload_documents,
    f"{_domain}/search$": CloudSearchDomainResponse.search,
    f"{_domain}/suggest$": CloudSearchDomainResponse.suggest,
}
