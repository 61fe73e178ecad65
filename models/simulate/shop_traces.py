"""Stack traces of the shop's services, with slots as in `models.corpus`; tabs and order as each language prints."""

from typing import Final

_TOMCAT: Final = """\
	at org.springframework.web.servlet.FrameworkServlet.service(FrameworkServlet.java:885)
	at org.apache.catalina.core.ApplicationFilterChain.doFilter(ApplicationFilterChain.java:128)
	at java.base/java.lang.Thread.run(Thread.java:1583)"""

_HIKARI: Final = """\
Caused by: java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, \
request timed out after {int:30000-30019}ms (total=20, active=20, idle=0, waiting={int:4-90})
	at com.zaxxer.hikari.pool.HikariPool.createTimeoutException(HikariPool.java:686)
	at com.zaxxer.hikari.pool.HikariPool.getConnection(HikariPool.java:179)
	at com.zaxxer.hikari.HikariDataSource.getConnection(HikariDataSource.java:100)
	... {int:44-61} common frames omitted"""

POOL_DRY: Final = """\
org.springframework.transaction.CannotCreateTransactionException: Could not open JPA EntityManager for transaction
	at org.springframework.orm.jpa.JpaTransactionManager.doBegin(JpaTransactionManager.java:466)
	at org.springframework.transaction.interceptor.TransactionInterceptor.invoke(TransactionInterceptor.java:119)
	at com.example.shop.orders.OrderService.place(OrderService.java:87)
	at com.example.shop.orders.web.OrderController.create(OrderController.java:58)
""" + _TOMCAT + "\n" + _HIKARI

STOCK_LOST: Final = """\
org.springframework.jdbc.CannotGetJdbcConnectionException: Failed to obtain JDBC Connection
	at org.springframework.jdbc.datasource.DataSourceUtils.getConnection(DataSourceUtils.java:84)
	at org.springframework.jdbc.core.JdbcTemplate.execute(JdbcTemplate.java:653)
	at com.example.shop.inventory.StockRepository.reserve(StockRepository.java:112)
	at com.example.shop.inventory.ReservationService.reserve(ReservationService.java:49)
Caused by: org.postgresql.util.PSQLException: FATAL: the database system is in recovery mode
	at org.postgresql.core.v3.ConnectionFactoryImpl.doAuthentication(ConnectionFactoryImpl.java:698)
	at org.postgresql.jdbc.PgConnection.<init>(PgConnection.java:273)
	... {int:38-52} common frames omitted"""

ORDERS_TIMEOUT: Final = """\
org.springframework.web.client.ResourceAccessException: I/O error on POST request for \
"http://orders.shop.internal:8080/api/orders": Read timed out
	at org.springframework.web.client.RestTemplate.createResourceAccessException(RestTemplate.java:926)
	at org.springframework.web.client.RestTemplate.doExecute(RestTemplate.java:906)
	at com.example.shop.checkout.client.OrdersClient.place(OrdersClient.java:64)
	at com.example.shop.checkout.CheckoutService.submit(CheckoutService.java:131)
Caused by: java.net.SocketTimeoutException: Read timed out
	at java.base/sun.nio.ch.NioSocketImpl.timedRead(NioSocketImpl.java:278)
	... {int:40-58} common frames omitted"""

BREAKER_OPEN: Final = """\
io.github.resilience4j.circuitbreaker.CallNotPermittedException: CircuitBreaker 'orders' is OPEN and does not \
permit further calls
	at io.github.resilience4j.circuitbreaker.CallNotPermittedException.createCallNotPermittedException\
(CallNotPermittedException.java:48)
	at com.example.shop.checkout.client.OrdersClient.place(OrdersClient.java:59)
	at com.example.shop.checkout.CheckoutService.submit(CheckoutService.java:131)"""

CAPTURE_TIMEOUT: Final = """\
java.net.http.HttpTimeoutException: request timed out
	at java.net.http/jdk.internal.net.http.HttpClientImpl.send(HttpClientImpl.java:950)
	at com.example.shop.payments.orders.OrderConfirmation.confirm(OrderConfirmation.java:73)
	at com.example.shop.payments.CaptureService.capture(CaptureService.java:118)
	at com.example.shop.payments.web.PaymentController.capture(PaymentController.java:41)"""

BAD_QUERY: Final = """\
org.apache.lucene.queryparser.classic.ParseException: Cannot parse '{word:shoes AND|"red}': \
Encountered "<EOF>" at line 1, column {int:4-12}.
	at org.apache.lucene.queryparser.classic.QueryParserBase.parse(QueryParserBase.java:131)
	at com.example.shop.search.QueryBuilder.build(QueryBuilder.java:52)
	at com.example.shop.search.web.SearchController.search(SearchController.java:37)"""

COUPON_GONE: Final = """\
TypeError: Cannot read properties of null (reading 'discountPercent')
    at applyCoupon (/usr/src/app/src/pricing/coupons.js:48:31)
    at priceCart (/usr/src/app/src/pricing/price-cart.js:22:19)
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)
    at async getCart (/usr/src/app/src/routes/cart.js:71:18)"""

FRONT_PAGE_502: Final = """\
HttpError: Request failed with status code 502
    at parseResponse (/usr/src/app/src/lib/api-client.js:88:11)
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)
    at async loadHome (/usr/src/app/src/pages/home.js:33:20)
    at async render (/usr/src/app/src/server/render.js:57:16)"""

FRONT_PAGE_503: Final = FRONT_PAGE_502.replace("502", "503")

FRONT_PAGE_TIMEOUT: Final = """\
AbortError: The operation was aborted due to timeout
    at node:internal/deps/undici/undici:13510:13
    at async fetchJson (/usr/src/app/src/lib/api-client.js:41:17)
    at async loadCheckout (/usr/src/app/src/pages/checkout.js:29:20)
    at async render (/usr/src/app/src/server/render.js:57:16)"""

CERTIFICATE_EXPIRED: Final = """\
Traceback (most recent call last):
  File "/app/notifications/mailer.py", line 83, in send
    with self._connect() as smtp:
  File "/app/notifications/mailer.py", line 61, in _connect
    smtp.starttls(context=self._tls)
  File "/usr/local/lib/python3.11/smtplib.py", line 790, in starttls
    self.sock = context.wrap_socket(self.sock, server_hostname=self._host)
  File "/usr/local/lib/python3.11/ssl.py", line 1382, in do_handshake
    self._sslobj.do_handshake()
ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: \
certificate has expired (_ssl.c:1006)"""

WORKER_NO_DATABASE: Final = """\
Traceback (most recent call last):
  File "/app/worker/consumer.py", line 117, in handle
    with self._pool.connection() as connection:
  File "/usr/local/lib/python3.11/contextlib.py", line 137, in __enter__
    return next(self.gen)
  File "/usr/local/lib/python3.11/site-packages/psycopg_pool/pool.py", line 208, in connection
    conn = self.getconn(timeout=timeout)
psycopg_pool.PoolTimeout: couldn't get a connection after 30.00 sec"""

WORKER_REFUSED: Final = """\
Traceback (most recent call last):
  File "/app/worker/jobs/invoices.py", line 44, in run
    with psycopg.connect(self._dsn) as connection:
  File "/usr/local/lib/python3.11/site-packages/psycopg/connection.py", line 117, in connect
    raise last_ex.with_traceback(None)
psycopg.OperationalError: connection failed: connection to server at "10.20.4.10", port 5432 failed: \
Connection refused
	Is the server running on that host and accepting TCP/IP connections?"""

IMAGE_TIMEOUT: Final = """\
Traceback (most recent call last):
  File "/app/catalog/images.py", line 39, in fetch
    response = self._session.get(url, timeout=5)
  File "/usr/local/lib/python3.11/site-packages/requests/adapters.py", line 713, in send
    raise ReadTimeout(e, request=request)
requests.exceptions.ReadTimeout: HTTPSConnectionPool(host='images.partner.example', port=443): \
Read timed out. (read timeout=5)"""
