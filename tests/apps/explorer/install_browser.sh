#!/bin/sh
# A Chromium for the explorer's tests, where there is none and the system lets us install one. Never fails.
for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done
[ -n "$CHROMIUM" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium && exit 0
fi
echo "no Chromium found: the explorer's browser tests will be skipped (install it, or name one with CHROMIUM=…)"
exit 0
