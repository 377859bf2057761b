"""All routes of the shop, including the provider's webhook."""

from typing import Final

from litestar import Router

from payments.surfaces.shop import admin, admin_products, auth, bills, products, webhook

ROUTER: Final = Router(
    path="/",
    route_handlers=[
        *auth.HANDLERS,
        *products.HANDLERS,
        *bills.HANDLERS,
        *webhook.HANDLERS,
        *admin.HANDLERS,
        *admin_products.HANDLERS,
    ],
)
