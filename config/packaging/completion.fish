# Completions of pantau in the language of its texts (PANTAU_LANG, else the locale).
set -l languages $PANTAU_LANG $LC_ALL $LC_MESSAGES $LANG
switch "$languages[1]"
    case 'id*'
        source /usr/share/pantau/completions/id/pantau.fish
    case '*'
        source /usr/share/pantau/completions/en/pantau.fish
end
