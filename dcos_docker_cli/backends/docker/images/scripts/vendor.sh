# CoreOS and Flatcar have no package manager: their root must have all that is called by the installer and DC/OS' units.
missing=
for program in $PROGRAMS; do
    command -v "$program" >/dev/null || missing="$missing $program"
done
[ -z "$missing" ] || fail "The base lacks programs that a node needs:$missing."
groupadd --force --system nogroup
