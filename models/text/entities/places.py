"""Files, folders, hosts and their ports: paths, URLs, names with an extension, addresses."""
# ruff: noqa: E501 - a pattern is read as a whole

from typing import Final

#: Endings of names that are files and never the last part of a domain.
EXTENSIONS: Final = (
    "py|pyx|pyi|ipynb|[cm]?[jt]sx?|vue|java|kts?|scala|groovy|gradle|go|rb|erb|php|cs|vb|fs|c|cc|cpp|cxx|h|hh|hpp|rs|swift|mm?|pl|pm|lua|exs?|erl|clj|"
    "dart|r|sql|sh|bash|bat|cmd|ps1|html?|css|scss|less|json|jsonl|xml|xsd|xaml|ya?ml|conf|cfg|cnf|ini|toml|properties|env|lock|log|txt|csv|tsv|md|rst|"
    "tf|tfvars|hcl|parquet|avro|orc|zip|tar|gz|tgz|bz2|xz|whl|egg|war|ear|apk|exe|msi|png|jpe?g|gif|svg|ico|pdf|docx?|xlsx?|pptx?|mp[34]|mkv|avi|wav|"
    "pem|crt|key|jks|p12|sock|pid|tmp|bak|db|sqlite3?|dat|bin|aspx?|cshtml|jspx?|plist|storyboard|xib|csproj|vbproj|sln|pom|proto|graphql|service|rdb|aof|"
    "part|out|o|class|so|dylib|dll|a|lib|po|mo|tpl|twig|jinja2?|ejs|hbs|htaccess|gitignore|dockerignore|xsl|xslt|wsdl|resx|config|map|gem|gemspec|lst|swp"
)
#: Files known by their name alone.
_KNOWN: Final = r"Dockerfile|Makefile|Gemfile|Rakefile|Jenkinsfile|Vagrantfile|Procfile|\.bashrc|\.bash_profile|\.gitignore|\.htaccess|\.env"
_STEP: Final = r"[\w.\-+@%~$={}*]{1,200}"
_LINE: Final = r"(?::(?P<{line}>\d{{1,9}})(?::\d{{1,9}})?(?![\w.]))?"

PATTERNS: Final = (
    # postgres://user@db-1:5432/orders: only the host is a place to go to
    r"(?:jdbc:)?[a-z][a-z0-9+.]{1,15}://(?:[^\s/@'\"]{1,100}@)?(?P<HOST>\[[0-9a-fA-F:.]{2,45}\]|[\w][\w.\-]{0,200}(?::\d{2,5})?)(?:[/?#][^\s'\"<>)\],;]{0,500})?",
    r"(?:file://)(?P<FILE>/[^\s:'\"<>)\],;]{1,400})",
    # C:\src\Cart.cs, \\server\share
    r"(?<![\w])(?P<FILE2>[A-Za-z]:\\{1,2}[^\s:*?\"<>|',;()]{0,400}(?<![.\\]))(?:\((?P<LINE>\d{1,9})(?:,\d{1,9})?\))?"
    + _LINE.format(line="LINE2"),
    # /srv/cart.py:42, ~/.bashrc, ./a/b, ../a
    r"(?<![\w/.<\-\])*&])(?P<FILE3>(?:~|\.{1,2})?/(?=[\w.\-@${%])(?:"
    + _STEP
    + r"/){0,30}"
    + _STEP
    + r"(?<![.\-=]))(?![\[])(?:\((?P<LINE3>\d{1,9})(?:,\d{1,9})?\))?"
    + _LINE.format(line="LINE4"),
    # src/shop/cart.py:42, cart.py, cart.py(10)
    r"(?<![\w/.\\@$])(?P<FILE4>(?:"
    + _STEP
    + r"[/\\]){0,30}[\w\-+%$]{1,200}(?:\.[\w\-]{1,60}){0,6}\.(?:"
    + EXTENSIONS
    + r")(?![\w\-(]|\.\w))"
    r"(?:\((?P<LINE5>\d{1,9})(?:,\d{1,9})?\)|:(?P<LINE6>\d{1,9})(?::\d{1,9})?(?![\w.]))?",
    r"(?<![\w/.])(?P<FILE5>" + _KNOWN + r")(?![\w])",
    # 10.0.0.7:8485, fd00:1::7, [::1]:80
    r"(?<![\w.])(?P<HOST2>(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}(?::\d{1,5})?)(?![\w]|\.\d)",
    r"(?<![\w.:])(?P<HOST3>(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|(?:[0-9a-f]{1,4}:){1,6}:[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,5}|\[(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}\](?::\d{2,5})?)(?![\w:])",
    # db-1.internal:5432, redis:6379, db-7.eu.example.com
    r"(?<![\w.@/\-#])(?P<HOST4>(?:[A-Za-z][\w\-]{0,62}\.){1,8}[a-z]{2,12}:\d{2,5}|[a-z][a-z0-9\-]{0,62}:\d{4,5}|localhost(?::\d{2,5})?)(?![\w:.])",
    r"(?<![\w.@/\-#])(?P<HOST5>(?!(?:org|com|net|io|java|javax|sun|jdk|edu|www)\.)(?:[a-z0-9](?:[a-z0-9\-]{0,62}[a-z0-9])?\.){1,8}"
    r"(?:com|net|org|edu|gov|internal|local|lan|corp|svc|cluster|example|cloud))(?![\w(]|\.[a-z])",
    r"(?<![\w.@/\-#])(?P<HOST6>(?:db|web|app|cache|worker|node|edge|mq|host|ip|gke-pool|master|slave|broker|kafka|redis|namenode|datanode|proxy|lb)-?\d{1,4}(?:-\d{1,4}){0,4}"
    r"(?:\.[a-z][a-z0-9\-]{0,62}){0,6})(?![\w(/\-]|\.\w)",
)
