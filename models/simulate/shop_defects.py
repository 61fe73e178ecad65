"""The two defects that have nothing to do with the cascade: a coupon bug in cart, an expired mail certificate."""

from typing import Final

from models.simulate.shop_streams import Message, Once, Stream
from models.simulate.shop_traces import CERTIFICATE_EXPIRED, COUPON_GONE

RELEASE: Final = "4.12.0"
PREVIOUS_RELEASE: Final = "4.11.3"

_REQUEST: Final = (("reqId", "{hex}"),)

DEFECT_ONCES: Final = (
    Once(Message("cart", "info", "", "Received SIGTERM, draining {int:3-19} open connections"), "release", -4),
    Once(Message("cart", "info", "", f"Deployed release {RELEASE} (previous {PREVIOUS_RELEASE}, commit {{hex}})",
                 fields=(("event", "deployment"),)), "release"),
    Once(Message("cart", "info", "", "Server listening at http://0.0.0.0:3000"), "release", 2),
    Once(Message("notifications", "error", "notifications.tls",
                 "Certificate of smtp.mail.example:587 has expired, mails will be rejected by verification"),
         "certificate", 600),
)

DEFECT_STREAMS: Final = (
    Stream(Message("cart", "error", "", "Unhandled error on GET /cart/{int:100000-999999}", COUPON_GONE, _REQUEST), 4.0,
           "coupon", leads=True),
    Stream(Message("notifications", "warning", "notifications.tls",
                   "Certificate of smtp.mail.example:587 expires in {ramp} hours, renew it"), 0.5,
           "begin", "certificate", mode="regular", ramp=(13, 0)),
    Stream(Message("notifications", "error", "notifications.mailer",
                   "Could not send mail {uuid} through smtp.mail.example:587, attempt {int:1-5} of 5",
                   CERTIFICATE_EXPIRED), 2.2, "certificate", leads=True),
    Stream(Message("notifications", "error", "notifications.outbox",
                   "Giving up on mail {uuid} after 5 attempts, moved to dead letters"), 0.6, "certificate"),
)
