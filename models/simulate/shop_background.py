"""What the shop writes on any day: access lines, slow queries, retried time-outs, deprecations, health checks."""

from typing import Final

from models.simulate.shop_streams import Message, Stream
from models.simulate.shop_traces import BAD_QUERY, IMAGE_TIMEOUT

_REQUEST: Final = (("reqId", "{hex}"), ("responseTime", "{int:4-380}"))
_CLIENT: Final = "client: 203.0.113.{int:1-254}, server: shop.example.com"
_SHOP: Final = 'host: "shop.example.com"'

_STOREFRONT: Final = (
    Stream(Message("storefront", "info", "", "GET / 200", fields=_REQUEST), 9),
    Stream(Message("storefront", "info", "", "GET /products/{int:1000-9999} 200", fields=_REQUEST), 8),
    Stream(Message("storefront", "info", "", "GET /checkout 200", fields=_REQUEST), 2.5),
    Stream(Message("storefront", "info", "", "GET /healthz 200", fields=_REQUEST), 1, mode="regular"),
    Stream(Message("storefront", "warning", "", "GET /products/{int:10000-99999} 404", fields=_REQUEST), 0.8),
    Stream(Message("storefront", "warning", "", "Slow render of /products: {int:1200-2900} ms"), 0.6),
    Stream(Message("storefront", "warning", "",
                   "(node:1) [DEP0040] DeprecationWarning: The `punycode` module is deprecated. "
                   "Please use a userland alternative instead."), 0.15, mode="random"),
)

_GATEWAY: Final = (
    Stream(Message("gateway", "info", "", "*{int:10000-999999} client closed connection while waiting for request, "
                   "client: 203.0.113.{int:1-254}, server: 0.0.0.0:443"), 4),
    Stream(Message("gateway", "warning", "", "*{int:10000-999999} an upstream response is buffered to a temporary file "
                   "/var/cache/nginx/proxy_temp/{int:1-9}/{int:10-99}/{int:1000000000-1999999999} while reading "
                   f'upstream, {_CLIENT}, request: "GET /api/catalog/export HTTP/1.1", '
                   f'upstream: "http://10.20.1.21:8000/api/catalog/export", {_SHOP}'), 1.2),
    Stream(Message("gateway", "error", "", "*{int:10000-999999} limiting requests, excess: "
                   '{int:20-44}.{int:100-999} by zone "api", '
                   f'{_CLIENT}, request: "GET /api/search?q=shoes HTTP/2.0", {_SHOP}'), 0.9),
    Stream(Message("gateway", "error", "", '*{int:10000-999999} open() "/usr/share/nginx/html/apple-touch-icon.png" '
                   f"failed (2: No such file or directory), {_CLIENT}, "
                   f'request: "GET /apple-touch-icon.png HTTP/1.1", {_SHOP}'), 0.7),
    Stream(Message("gateway", "critical", "", "*{int:10000-999999} SSL_do_handshake() failed (SSL: error:0A00006C:SSL "
                   "routines::bad key share) while SSL handshaking, client: 198.51.100.{int:1-254}, "
                   "server: 0.0.0.0:443"), 0.4),
    Stream(Message("gateway", "notice", "", "signal 1 (SIGHUP) received from {int:200-900}, reconfiguring"), 0.25,
           mode="random"),
)

_CATALOG: Final = (
    Stream(Message("catalog", "info", "catalog.api", "GET /api/catalog/{int:1000-9999} 200 in {int:3-90} ms"), 7),
    Stream(Message("catalog", "info", "catalog.api", "GET /health 200 in {int:1-4} ms"), 1, mode="regular"),
    Stream(Message("catalog", "info", "catalog.cache", "Refreshed {int:120-900} prices from the cache in "
                   "{int:10-220} ms"), 1.5),
    Stream(Message("catalog", "warning", "catalog.images", "Retrying image of product {int:1000-9999} after time-out, "
                   "attempt {int:2-3} of 4"), 0.7),
    Stream(Message("catalog", "error", "catalog.images", "Image of product {int:1000-9999} could not be fetched",
                   IMAGE_TIMEOUT), 0.25),
    Stream(Message("catalog", "warning", "py.warnings",
                   "/app/catalog/prices.py:41: DeprecationWarning: datetime.datetime.utcnow() is deprecated and "
                   "scheduled for removal in a future version.\n  stamp = datetime.utcnow()"), 0.15, mode="random"),
    Stream(Message("catalog", "warning", "catalog.importer",
                   "Row {int:2-4000} of feed supplier-{int:1-9}.csv skipped: price is empty"), 0.6),
)

_SEARCH: Final = (
    Stream(Message("search", "info", "c.e.s.search.web.SearchController", "Query '{word:shoes|lamp}' "
                   "returned {int:0-480} hits in {int:4-160} ms"), 6),
    Stream(Message("search", "info", "c.e.shop.search.index.IndexRefresher", "Refreshed index products: "
                   "{int:3-240} documents changed, took {int:80-900} ms"), 2, mode="regular"),
    Stream(Message("search", "warning", "c.e.shop.search.index.SlowLog", "Slow query took {int:800-2400} ms, "
                   "{int:1-5} shards"), 0.7),
    Stream(Message("search", "warning", "c.e.s.search.web.SearchController", "Query rejected with 400", BAD_QUERY),
           0.35),
)

_CART: Final = (
    Stream(Message("cart", "info", "", "GET /cart/{int:100000-999999} 200", fields=_REQUEST), 6),
    Stream(Message("cart", "info", "", "POST /cart/{int:100000-999999}/items 201", fields=_REQUEST), 4),
    Stream(Message("cart", "info", "", "GET /healthz 200", fields=_REQUEST), 1, mode="regular"),
    Stream(Message("cart", "warning", "", "Redis command timed out after {int:200-500} ms, retrying (attempt "
                   "{int:1-2})"), 0.5),
    Stream(Message("cart", "info", "", "Expired {int:3-80} abandoned carts"), 0.5, mode="regular"),
    Stream(Message("cart", "warning", "", "POST /cart/{int:100000-999999}/items 409: only {int:1-4} left in stock",
                   fields=_REQUEST), 0.6),
)

_CHECKOUT: Final = (
    Stream(Message("checkout", "info", "c.e.s.checkout.CheckoutService", "Checkout {uuid} submitted, total "
                   "{int:5-480}.{int:10-99} EUR, {int:1-9} items"), 5),
    Stream(Message("checkout", "warning", "c.e.s.checkout.AddressValidator", "Address of checkout {uuid} rejected: "
                   "postal code does not match country AT"), 0.6),
    Stream(Message("checkout", "warning", "c.e.s.checkout.client.InventoryClient", "Retry 1 of 3 after "
                   "{int:2000-2100} ms time-out of POST /api/reservations"), 0.4),
    Stream(Message("checkout", "info", "c.e.s.checkout.SessionCleaner", "Removed {int:2-70} expired checkout sessions"),
           0.5, mode="regular"),
)

_ORDERS: Final = (
    Stream(Message("orders", "info", "c.e.shop.orders.OrderService", "Order {int:2000000-2999999} created for customer "
                   "{int:10000-99999}"), 5),
    Stream(Message("orders", "info", "c.e.shop.orders.OrderService", "Order {int:2000000-2999999} changed to "
                   "{state:PAID|PACKED|SHIPPED}"), 4),
    Stream(Message("orders", "debug", "com.zaxxer.hikari.pool.HikariPool", "HikariPool-1 - Pool stats (total=20, "
                   "active={int:1-7}, idle={int:12-19}, waiting=0)"), 1),
    Stream(Message("orders", "warning", "org.hibernate.orm.deprecation", "HHH90000025: PostgreSQLDialect does not need "
                   "to be specified explicitly using 'hibernate.dialect'"), 0.1, mode="random"),
    Stream(Message("orders", "warning", "c.e.shop.orders.web.OrderController", "Order {int:2000000-2999999} not found, "
                   "answered 404"), 0.5),
)

_PAYMENTS: Final = (
    Stream(Message("payments", "info", "c.e.shop.payments.CaptureService", "Captured {int:5-480}.{int:10-99} EUR for "
                   "payment {uuid}"), 4.5),
    Stream(Message("payments", "warning", "c.e.s.p.provider.ProviderClient", "Call to "
                   "https://psp.example.net/v2/charges timed out after {int:5000-5040} ms, retrying "
                   "(attempt {int:2-3} of 3)"), 0.5),
    Stream(Message("payments", "info", "c.e.shop.payments.CaptureService", "Payment {uuid} declined by issuer: code "
                   "{int:5-62}"), 0.9),
    Stream(Message("payments", "info", "c.e.s.p.settlement.SettlementJob", "Settlement batch {int:3000-3999} closed "
                   "with {int:20-240} captures"), 0.5, mode="regular"),
)

_INVENTORY: Final = (
    Stream(Message("inventory", "info", "c.e.s.inventory.ReservationService", "Reserved {int:1-9} x SKU "
                   "{int:100000-999999}"), 4.5),
    Stream(Message("inventory", "warning", "c.e.s.inventory.StockRepository", "Optimistic lock on SKU "
                   "{int:100000-999999}, retrying"), 0.5),
    Stream(Message("inventory", "info", "c.e.s.inventory.StockSync", "Stock of warehouse {int:1-4} synchronised, "
                   "{int:30-700} rows in {int:200-2400} ms"), 1),
    Stream(Message("inventory", "warning", "c.e.s.inventory.StockSync", "SKU {int:100000-999999} below reorder level: "
                   "{int:0-5} left"), 0.7),
)

_NOTIFICATIONS: Final = (
    Stream(Message("notifications", "info", "notifications.mailer", "Sent mail {uuid} (order confirmation) in "
                   "{int:90-900} ms"), 4.5, stop="certificate"),
    Stream(Message("notifications", "info", "notifications.push", "Sent push message {uuid} in {int:20-240} ms"), 2),
    Stream(Message("notifications", "warning", "notifications.push", "Device token of customer {int:10000-99999} is "
                   "not registered any more, removed"), 0.5),
    Stream(Message("notifications", "info", "notifications.health", "Health check passed"), 1, mode="regular"),
)

_WORKER: Final = (
    Stream(Message("worker", "info", "worker.consumer", "Processed order.created {uuid} in {int:15-300} ms"), 5),
    Stream(Message("worker", "info", "worker.jobs.invoices", "Rendered invoice {int:700000-799999}.pdf, "
                   "{int:40-190} kB"), 2),
    Stream(Message("worker", "warning", "worker.consumer", "Duplicate delivery of {uuid} ignored"), 0.4),
    Stream(Message("worker", "info", "worker.scheduler", "Job {job:invoices|exports|reminders} finished in "
                   "{int:2-48} s"), 1),
)

_ORDERS_DB: Final = (
    Stream(Message("orders-db", "info", "orders-db", "LOG:  checkpoint starting: time"), 1.5, follow=(
        (34.2, Message("orders-db", "info", "orders-db", "LOG:  checkpoint complete: wrote {int:80-4000} buffers "
                       "({int:0-9}.{int:0-9}%); 0 WAL file(s) added, 0 removed, {int:1-4} recycled; "
                       "write=33.{int:100-999} s, sync=0.{int:100-999} s, total=34.{int:100-199} s")),)),
    Stream(Message("orders-db", "info", "orders-db", "LOG:  duration: {int:1000-4200}.{int:100-999} ms  statement: "
                   "SELECT * FROM order_items WHERE order_id = {int:2000000-2999999}"), 1.4),
    Stream(Message("orders-db", "info", "orders-db", 'LOG:  automatic vacuum of table "orders.public.'
                   '{table:orders|order_items|reservations}": index scans: {int:0-2}'), 0.8),
    Stream(Message("orders-db", "error", "orders-db", 'ERROR:  duplicate key value violates unique constraint '
                   '"reservations_pkey"\nDETAIL:  Key (id)=({int:100000-999999}) already exists.'), 0.25),
    Stream(Message("orders-db", "info", "orders-db",
                   "LOG:  could not receive data from client: Connection reset by peer"), 0.4),
)

_BROKER_LINK: Final = "<0.{int:1000-29999}.0> (10.20.2.{int:10-60}:{int:32768-60999} -> 10.20.3.5:5672"

_ORDER_QUEUE: Final = (
    Stream(Message("order-queue", "info", "", f"accepting AMQP connection {_BROKER_LINK})"), 1.5, follow=(
        (0.012, Message("order-queue", "info", "", f"connection {_BROKER_LINK}): user "
                        "'{user:orders|worker|checkout}' authenticated and granted access to vhost 'shop'")),)),
    Stream(Message("order-queue", "warning", "", f"closing AMQP connection {_BROKER_LINK}, vhost: 'shop', user: "
                   "'{user:orders|worker|checkout}'):\nclient unexpectedly closed TCP connection"), 0.5),
)

_CACHE: Final = (
    Stream(Message("cache", "notice", "cache", "{int:1000-10000} changes in 300 seconds. Saving..."), 1.1, follow=(
        (0.003, Message("cache", "notice", "cache", "Background saving started by pid {int:2000-31000}")),
        (0.61, Message("cache", "notice", "cache", "DB saved on disk")),
        (0.74, Message("cache", "notice", "cache", "Background saving terminated with success")))),
    Stream(Message("cache", "warning", "cache", "Client id={int:1000-99999} addr=10.20.2.{int:10-60}:{int:32768-60999} "
                   "closed for overcoming of output buffer limits."), 0.2),
)

_HOST: Final = (
    Stream(Message("host", "info", "CRON",
                   "(root) CMD (test -x /usr/sbin/anacron || run-parts --report /etc/cron.hourly)"), 1, mode="regular"),
    Stream(Message("host", "info", "sshd", "Accepted publickey for backup from 10.20.9.{int:2-9} port "
                   "{int:32768-60999} ssh2"), 0.5, mode="regular"),
    Stream(Message("host", "info", "systemd", "logrotate.service: Deactivated successfully."), 0.25, mode="regular"),
    Stream(Message("host", "info", "chronyd", "Selected source 10.20.0.{int:2-5}"), 0.4, mode="random"),
    Stream(Message("host", "info", "kernel", "[{int:400000-499999}.{int:100000-999999}] perf: interrupt took too long "
                   "({int:2500-9000} > {int:2500-9000}), lowering kernel.perf_event_max_sample_rate to "
                   "{int:20-79}000"), 0.15, mode="random"),
)

BACKGROUND: Final = (*_STOREFRONT, *_GATEWAY, *_CATALOG, *_SEARCH, *_CART, *_CHECKOUT, *_ORDERS, *_PAYMENTS,
                     *_INVENTORY, *_NOTIFICATIONS, *_WORKER, *_ORDERS_DB, *_ORDER_QUEUE, *_CACHE, *_HOST)
