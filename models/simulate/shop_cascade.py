"""The cascade: the data volume of orders-db fills, and what each service writes until everything works again."""

from typing import Final

from models.simulate.shop_streams import Message, Once, Stream
from models.simulate.shop_traces import (
    BREAKER_OPEN,
    CAPTURE_TIMEOUT,
    FRONT_PAGE_502,
    FRONT_PAGE_503,
    FRONT_PAGE_TIMEOUT,
    ORDERS_TIMEOUT,
    POOL_DRY,
    STOCK_LOST,
    WORKER_NO_DATABASE,
    WORKER_REFUSED,
)

_REQUEST: Final = (("reqId", "{hex}"), ("responseTime", "{int:8000-30000}"))
_CLIENT: Final = "client: 203.0.113.{int:1-254}, server: shop.example.com"
_SHOP: Final = 'host: "shop.example.com"'
_CHECKOUT_URL: Final = 'request: "POST /api/checkout HTTP/2.0", upstream: "http://10.20.1.24:8080/api/checkout"'
_PEER: Final = 'health check "" of peer 10.20.1.24:8080 in upstream "checkout"'
_WAL: Final = "000000010000001A000000{int:10-99}"


def _db(level: str, text: str) -> Message:
    return Message("orders-db", level, "orders-db", text)


def _host(level: str, program: str, text: str) -> Message:
    return Message("host", level, program, text)


def _breaker(level: str, text: str) -> Message:
    return Message("checkout", level, "c.e.s.checkout.BreakerListener", text)


_MONIT: Final = (
    (0.9, _host("warning", "monit", "'pgdata' space usage {ramp}% matches resource limit [space usage > 80.0%]")),
)

_DISK: Final = (
    Stream(_db("warning", f"LOG:  archive command failed with exit code 1\nDETAIL:  The failed archive command was: "
               f"rsync -a pg_wal/{_WAL} wal@10.20.9.5:/archive/"), 3.5, "archive", "db_down", mode="regular",
           leads=True, follow=((61.0, _db("warning", f'WARNING:  archiving write-ahead log file "{_WAL}" failed '
                                          "too many times, will try again later")),)),
    Stream(_db("warning", "WARNING:  data volume /var/lib/postgresql is {ramp}% full (threshold 80%)"), 6, "disk_80",
           "disk_90", mode="regular", leads=True, ramp=(80.2, 89.8), decimals=1, follow=_MONIT),
    Stream(_db("warning", "WARNING:  data volume /var/lib/postgresql is {ramp}% full (threshold 90%)"), 8, "disk_90",
           "disk_95", mode="regular", leads=True, ramp=(90.1, 94.9), decimals=1, follow=_MONIT),
    Stream(_db("critical", "CRITICAL:  data volume /var/lib/postgresql is {ramp}% full (threshold 95%)"), 20, "disk_95",
           "disk_full", mode="regular", leads=True, ramp=(95.1, 99.9), decimals=1, follow=_MONIT),
    Stream(_MONIT[0][1], 6, "disk_full", "freed", mode="regular", ramp=(100, 100), decimals=1),
    Stream(_db("info", "LOG:  checkpoints are occurring too frequently ({int:6-29} seconds apart)\n"
               'HINT:  Consider increasing the configuration parameter "max_wal_size".'), 12, "disk_95", "db_down",
           mode="random"),
    Stream(_db("error", "ERROR:  could not write block {int:100-90000} of temporary file: No space left on device"), 90,
           "disk_full", "db_down", mode="random", leads=True),
    Stream(_db("error", 'ERROR:  could not extend file "base/16401/{int:20000-29999}": No space left on device\n'
               "HINT:  Check free disk space."), 260, "disk_full", "db_down", mode="random"),
    Once(_db("critical", 'PANIC:  could not write to file "pg_wal/xlogtemp.{int:1000-9999}": No space left on device'),
         "db_down"),
    Once(_db("info", "LOG:  server process (PID {int:1000-30000}) was terminated by signal 6: Aborted"), "db_down", 1),
    Once(_db("info", "LOG:  terminating any other active server processes"), "db_down", 1),
    Once(_host("warning", "kernel", "[{int:400000-499999}.{int:100000-999999}] EXT4-fs warning (device dm-2): "
               "ext4_da_release_space: inode #{int:100000-900000}: no free blocks left"), "db_down", -30),
)

_DATABASE_DOWN: Final = (
    Stream(_db("info", "LOG:  database system was not properly shut down; automatic recovery in progress"), 11,
           "db_down", "freed", mode="regular", ramp=(1, 17), follow=(
        (0.4, _db("error", 'FATAL:  could not write to file "pg_wal/xlogtemp.{int:1000-9999}": '
                  "No space left on device")),
        (0.5, _db("info", "LOG:  startup process (PID {int:1000-30000}) exited with exit code 1\n"
                  "LOG:  aborting startup due to startup process failure")),
        (1.0, _host("error", "systemd", "postgresql@16-main.service: Main process exited, code=exited, "
                    "status=1/FAILURE")),
        (6.2, _host("info", "systemd", "postgresql@16-main.service: Scheduled restart job, restart counter is at "
                    "{ramp}.")))),
    Stream(_db("error", "FATAL:  the database system is in recovery mode"), 50, "db_down", "db_up", mode="random"),
)

_POOLS: Final = (
    Stream(Message("orders", "warning", "o.h.engine.jdbc.spi.SqlExceptionHelper", "SQL Error: 0, SQLState: 53100"), 90,
           "statements", "pool", mode="random", leads=True),
    Stream(Message("orders", "error", "c.e.shop.orders.web.OrderController",
                   "Creating order for customer {int:10000-99999} failed", POOL_DRY), 14, "pool", "pool_up",
           mode="random", leads=True),
    Stream(Message("orders", "error", "o.h.engine.jdbc.spi.SqlExceptionHelper", "HikariPool-1 - Connection is not "
                   "available, request timed out after {int:30000-30019}ms (total=20, active=20, idle=0, "
                   "waiting={int:4-90})"), 24, "pool", "pool_up", mode="random"),
    Stream(Message("orders", "warning", "com.zaxxer.hikari.pool.PoolBase", "HikariPool-1 - Failed to validate "
                   "connection org.postgresql.jdbc.PgConnection@{hex} (This connection has been closed.). Possibly "
                   "consider using a shorter maxLifetime value."), 12, "pool", "pool_up", mode="random"),
    Stream(Message("inventory", "error", "c.e.s.inventory.ReservationService", "Reservation for SKU "
                   "{int:100000-999999} failed", STOCK_LOST), 7, "stock", "stock_up", mode="random", leads=True),
    Stream(Message("inventory", "warning", "c.e.s.inventory.StockSync", "Stock synchronisation of warehouse {int:1-4} "
                   "skipped: no database connection"), 8, "stock", "stock_up", mode="random"),
)

_TIMEOUTS: Final = (
    Stream(Message("checkout", "error", "c.e.s.checkout.CheckoutService", "Checkout {uuid} could not be submitted",
                   ORDERS_TIMEOUT), 55, "checkout", "breaker", mode="random", leads=True),
    Stream(Message("checkout", "warning", "c.e.s.checkout.client.OrdersClient", "Retry {int:1-3} of 3 after "
                   "{int:10000-10060} ms time-out of POST /api/orders"), 60, "checkout", "breaker", mode="random"),
    Stream(Message("checkout", "error", "c.e.s.checkout.CheckoutService", "Checkout {uuid} rejected", BREAKER_OPEN), 22,
           "breaker", "checkout_up", mode="random"),
    Stream(Message("checkout", "warning", "c.e.s.checkout.OrderPublisher", "Publish to exchange orders.events blocked "
                   "for {int:5000-60000} ms: connection is blocked by the broker (low on memory)"), 14, "queue",
           "queue_up", mode="random"),
    Once(_breaker("warning", "CircuitBreaker 'orders' changed state from CLOSED to OPEN, failure rate "
                  "{int:62-98}.{int:0-9}%"), "breaker"),
    Once(_breaker("warning", "CircuitBreaker 'inventory' changed state from CLOSED to OPEN, failure rate "
                  "{int:52-88}.{int:0-9}%"), "breaker", 55),
    Stream(_breaker("info", "CircuitBreaker 'orders' changed state from OPEN to HALF_OPEN"), 8, "gateway", "pool_up",
           mode="regular", follow=((31.0, _breaker("warning", "CircuitBreaker 'orders' changed state from HALF_OPEN to "
                                                   "OPEN")),)),
    Stream(Message("payments", "error", "c.e.s.p.orders.OrderConfirmation", "Capture of payment {uuid} could not be "
                   "confirmed at orders", CAPTURE_TIMEOUT), 15, "payments", "payments_up", mode="random",
           leads=True),
    Stream(Message("payments", "warning", "c.e.shop.payments.CaptureService", "Payment {uuid} over "
                   "{int:5-480}.{int:10-99} EUR kept as AUTHORIZED, confirmation is queued"), 12, "payments",
           "payments_up", mode="random"),
)

_QUEUE: Final = (
    Stream(Message("worker", "error", "worker.consumer", "Message {uuid} of order.created put back",
           WORKER_NO_DATABASE), 8, "worker", "worker_up", mode="random", leads=True),
    Stream(Message("worker", "error", "worker.scheduler", "Job invoices failed", WORKER_REFUSED), 4, "worker",
           "worker_up", mode="regular"),
    Stream(Message("worker", "warning", "worker.consumer", "Consumer lag of order.created: {ramp} messages ready"), 30,
           "worker", "worker_up", mode="regular", ramp=(140, 21400)),
    Once(Message("order-queue", "warning", "", "memory resource limit alarm set on node 'rabbit@mq-1'.\n"
                 "*** Publishers will be blocked until this alarm clears ***"), "queue"),
    Stream(Message("order-queue", "warning", "",
                   "vm_memory_high_watermark set. Memory used:{ramp} allowed:1717986918"), 20,
           "queue", "queue_up", mode="regular", ramp=(1718100000, 1902000000)),
    Stream(Message("order-queue", "error", "", "closing AMQP connection <0.{int:1000-29999}.0> (10.20.2.{int:10-60}:"
                   "{int:32768-60999} -> 10.20.3.5:5672):\nmissed heartbeats from client, timeout: 60s"), 22, "queue",
           "queue_up", mode="random"),
)

_FRONT: Final = (
    Stream(Message("gateway", "error", "", "*{int:10000-999999} upstream timed out (110: Operation timed out) while "
                   f"reading response header from upstream, {_CLIENT}, {_CHECKOUT_URL}, {_SHOP}"), 55, "gateway",
           "gateway_up", mode="random", leads=True),
    Stream(Message("gateway", "error", "", "*{int:10000-999999} upstream timed out (110: Operation timed out) while "
                   f"reading response header from upstream, {_CLIENT}, request: "
                   f'"GET /api/orders/mine HTTP/2.0", upstream: "http://10.20.1.25:8080/api/orders/mine", {_SHOP}'), 22,
           "gateway", "gateway_up", mode="random"),
    Stream(Message("gateway", "error", "", "*{int:10000-999999} no live upstreams while connecting to upstream, "
                   f'{_CLIENT}, request: "GET / HTTP/2.0", upstream: "http://storefront/", {_SHOP}'), 36, "front",
           "gateway_up", mode="random"),
    Stream(Message("gateway", "error", "", f"peer is unhealthy while checking status code, {_PEER}"), 6, "gateway",
           "gateway_up", mode="regular"),
    Stream(Message("gateway", "warning", "", "*{int:10000-999999} upstream server temporarily disabled while reading "
                   f"response header from upstream, {_CLIENT}, {_CHECKOUT_URL}, {_SHOP}"), 12, "gateway", "gateway_up",
           mode="random"),
    Stream(Message("storefront", "error", "", "GET / 503", FRONT_PAGE_503, _REQUEST), 60, "front", "front_up",
           mode="random", leads=True),
    Stream(Message("storefront", "error", "", "GET / 502", FRONT_PAGE_502, _REQUEST), 36, "front", "front_up",
           mode="random"),
    Stream(Message("storefront", "error", "", "GET /checkout 504", FRONT_PAGE_TIMEOUT, _REQUEST), 28, "front",
           "front_up", mode="random"),
    Stream(Message("storefront", "critical", "",
                   "Health check failed: {int:5-20} of 20 requests to the gateway failed"),
           12, "front", "gateway_up", mode="regular"),
)

_ACTIONS: Final = (
    Once(_host("info", "sshd", "Accepted publickey for oncall from 10.20.9.31 port {int:32768-60999} ssh2"), "login"),
    Once(_host("notice", "sudo", "oncall : TTY=pts/0 ; PWD=/home/oncall ; USER=root ; COMMAND=/usr/bin/df -h "
               "/var/lib/postgresql"), "login", 95),
    Once(_host("notice", "sudo", "oncall : TTY=pts/0 ; PWD=/home/oncall ; USER=root ; COMMAND=/usr/bin/find "
               "/var/lib/postgresql/dumps -name orders-old-*.dump -delete"), "freed"),
    Once(_host("notice", "sudo", "oncall : TTY=pts/0 ; PWD=/home/oncall ; USER=root ; COMMAND=/usr/bin/systemctl "
               "restart postgresql@16-main.service"), "freed", 150),
    Once(_host("info", "monit", "'pgdata' space usage check succeeded [current space usage = 71.{int:0-9}%]"), "freed",
           60),
    Once(_host("info", "systemd", "Started postgresql@16-main.service - PostgreSQL Cluster 16-main."), "db_up", 2),
)

_RECOVERY: Final = (
    Once(_db("info", "LOG:  database system was not properly shut down; automatic recovery in progress"), "freed", 153),
    Once(_db("info", "LOG:  redo starts at 1A/{int:10000000-99999999}"), "freed", 155),
    Once(_db("info", "LOG:  redo done at 1A/{int:10000000-99999999} system usage: CPU: user: {int:2-9}.{int:10-99} s, "
             "system: {int:1-4}.{int:10-99} s, elapsed: {int:30-140}.{int:10-99} s"), "db_up", -2),
    Once(_db("info", "LOG:  database system is ready to accept connections"), "db_up"),
    Once(Message("orders", "info", "com.zaxxer.hikari.pool.HikariPool", "HikariPool-1 - Added connection "
                 "org.postgresql.jdbc.PgConnection@{hex}"), "pool_up"),
    Once(Message("orders", "info", "c.e.shop.orders.OrderService", "Accepting orders again after {int:5400-5800} s"),
         "pool_up", 3),
    Once(Message("inventory", "info", "c.e.s.inventory.StockSync", "Database connection restored, synchronising all "
                 "warehouses"), "stock_up"),
    Once(Message("worker", "info", "worker.consumer", "Connection to the database restored, consuming order.created"),
         "worker_up"),
    Stream(Message("worker", "info", "worker.consumer", "Catching up on order.created: {ramp} messages ready"), 40,
           "worker_up", "clear", mode="regular", ramp=(21400, 120)),
    Once(Message("worker", "info", "worker.consumer", "Backlog of order.created worked off"), "clear"),
    Once(Message("payments", "info", "c.e.s.p.orders.OrderConfirmation", "Orders answers again, {int:40-190} queued "
                 "confirmations to send"), "payments_up"),
    Stream(Message("payments", "info", "c.e.s.p.orders.OrderConfirmation",
                   "Queued capture of payment {uuid} confirmed"), 70, "payments_up", "clear", mode="random"),
    Once(Message("order-queue", "info", "", "memory resource limit alarm cleared on node 'rabbit@mq-1'"), "queue_up"),
    Once(Message("order-queue", "info", "", "memory resource limit alarm cleared across the cluster"), "queue_up", 1),
    Once(_breaker("info", "CircuitBreaker 'orders' changed state from OPEN to HALF_OPEN"), "checkout_up", -40),
    Once(_breaker("info", "CircuitBreaker 'orders' changed state from HALF_OPEN to CLOSED"), "checkout_up"),
    Once(_breaker("info", "CircuitBreaker 'inventory' changed state from HALF_OPEN to CLOSED"), "checkout_up", 20),
    Once(Message("gateway", "notice", "", f"peer is healthy while checking status code, {_PEER}"), "gateway_up"),
    Once(Message("storefront", "info", "", "Health check passed: 20 of 20 requests to the gateway succeeded"),
           "front_up"),
    Once(_db("info", f'LOG:  archived write-ahead log file "{_WAL}"'), "clear", -300),
)

CASCADE_STREAMS: Final = tuple(
    part for part in (*_DISK, *_DATABASE_DOWN, *_POOLS, *_TIMEOUTS, *_QUEUE, *_FRONT, *_ACTIONS, *_RECOVERY)
    if isinstance(part, Stream)
)
CASCADE_ONCES: Final = tuple(
    part for part in (*_DISK, *_DATABASE_DOWN, *_POOLS, *_TIMEOUTS, *_QUEUE, *_FRONT, *_ACTIONS, *_RECOVERY)
    if isinstance(part, Once)
)
