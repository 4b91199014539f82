if command -v systemd-sysusers >/dev/null; then
    systemd-sysusers holdpoint.conf
elif ! getent passwd holdpoint >/dev/null; then
    useradd --system --home-dir /var/lib/holdpoint --shell /sbin/nologin holdpoint
fi
install -d -m 0700 -o holdpoint -g holdpoint /var/lib/holdpoint
