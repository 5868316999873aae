#compdef pantau
# Completions of pantau in the language of its texts (PANTAU_LANG, else the locale).
case ${PANTAU_LANG:-${LC_ALL:-${LC_MESSAGES:-$LANG}}} in
  id*) source /usr/share/pantau/completions/id/_pantau ;;
  *) source /usr/share/pantau/completions/en/_pantau ;;
esac
# The file just read has put the real function in place of this one.
_pantau "$@"
