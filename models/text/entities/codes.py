"""Codes of errors: of the operating system, HTTP, databases, compilers and programs."""
# ruff: noqa: E501 - a pattern is read as a whole

from typing import Final

#: Codes that are one word.
PATTERNS: Final = (
    r"(?<![\w\-])(?P<ERROR_CODE>ORA-\d{4,5}|PLS-\d{4,5}|TNS-\d{4,5}|SQLSTATE\[\w{5}\]|CVE-\d{4}-\d{4,7}|WRN?\d{4}|AADSTS\d{4,6}|MSB\d{4}|CS\d{4}|TS\d{3,5}|NU\d{4}|"
    r"E\d{4}|ERR_[A-Z][A-Z0-9_]{2,60}|0x[89A-F][0-9A-F]{7}|X{0,2}Z?[A-Z]{2,4}\d{5})(?![\w\-])",
    r"(?<![\w\-.])(?P<ERROR_CODE2>E(?:ACCES|ADDRINUSE|ADDRNOTAVAIL|AGAIN|AI_AGAIN|BUSY|CONNABORTED|CONNREFUSED|CONNRESET|DQUOT|EXIST|FAULT|FBIG|HOSTDOWN|HOSTUNREACH|INTEGRITY|"
    r"INTR|INVAL|IO|ISDIR|LOOP|MFILE|NAMETOOLONG|NETDOWN|NETUNREACH|NFILE|NODEV|NOENT|NOEXEC|NOMEM|NOSPC|NOSYS|NOTCONN|NOTDIR|NOTEMPTY|NOTFOUND|PERM|PIPE|PROTO|RANGE|ROFS|"
    r"RESOLVE|STALE|TIMEDOUT|TIMEOUT|XDEV))(?![\w\-])",
    r"(?<![\w\-.])(?P<ERROR_CODE3>SIG(?:ABRT|ALRM|BUS|FPE|HUP|ILL|INT|KILL|PIPE|QUIT|SEGV|SYS|TERM|TRAP|XCPU))(?![\w\-])",
)
_STATUS: Final = (
    r"(?:Bad Request|Unauthorized|Payment Required|Forbidden|Not Found|Method Not Allowed|Not Acceptable|Request Timeout|Conflict|Gone|Length Required|"
    r"Precondition Failed|Payload Too Large|Request Entity Too Large|URI Too Long|Unsupported Media Type|Unprocessable (?:Content|Entity)|Locked|Too Many Requests|"
    r"Internal Server Error|Not Implemented|Bad Gateway|Service (?:Temporarily )?Unavailable|Gateway Time-?[Oo]ut|Insufficient Storage)"
)
#: The status of a response before its words: "503 Service Unavailable".
STATUS: Final = r"(?P<ERROR_CODE>[45]\d\d):? " + _STATUS
#: Word (in lower case) to what may follow it.
PHRASES: Final = {
    "exit": r"exit(?:ed)?(?: with)? (?:code|status):? {0,2}(?P<ERROR_CODE>-?\d{1,10})\b",
    "exited": r"exited (?:with )?(?:code|status):? (?P<ERROR_CODE>-?\d{1,10})\b",
    "errno": r"\[?[Ee]rrno[ :=]{1,2}(?P<ERROR_CODE>-?\d{1,5})\b",
    "sqlstate": r"SQLSTATE[ :=(]{1,3}(?P<ERROR_CODE>[0-9A-Z]{5})\b",
    "http": r"(?i:http(?:/\d(?:\.\d)?)?) (?:(?i:status|code|error|response)[ :]{0,2}){0,2}(?P<ERROR_CODE>[45]\d\d)(?![\w.])",
    "status": r"(?i:status)(?: code)?[ :=]{1,3}(?P<ERROR_CODE>[45]\d\d)(?![\w.])",
    "code": r"(?i:code)[ :=]{1,3}(?P<ERROR_CODE>-?\d{1,6}|[A-Z][A-Z0-9_]{3,40})(?![\w.])",
    "error": r"(?i:error)(?: code)?[ :#]{1,2}(?P<ERROR_CODE>\d{3,6})(?: \((?P<ERROR_CODE2>[0-9A-Z]{5})\)|(?![\w.%/]))",
    "signal": r"signal (?P<ERROR_CODE>\d{1,2})\b",
}
