# Turns named queries into C: `awk -v out=names|texts|migrations -f sql2c.awk *.sql`.
#
# "-- let: <name>" names a piece of text that later queries of any file take in as @<name>@.
#
#   names       enum kol_sql, one KOL_SQL_<name> per "-- name: <name>" line
#   texts       the same list with its text, in the same order
#   migrations  every file whole, in the order given (names sort by number)
# Comments and indentation stay out of the binary.

function flush_query()
{
    if (let != "")
        pieces[let] = text
    let = ""
    for (piece in pieces)
        gsub("@" piece "@", pieces[piece], text)
    if (name != "") {
        if (out == "names")
            printf "    KOL_SQL_%s,\n", name
        if (out == "texts")
            printf "    [KOL_SQL_%s] = {\"%s\", \"%s\"},\n", name, name, text
    }
    name = ""
    text = ""
}

function quoted(line)
{
    gsub(/\\/, "\\\\", line)
    gsub(/"/, "\\\"", line)
    return line
}

FNR == 1 && out == "migrations" {
    if (NR > 1)
        printf "    },\n"
    base = FILENAME
    sub(/.*\//, "", base)
    printf "    {%d, \"%s\",\n", base + 0, base
}

/^-- let: / {
    flush_query()
    let = $3
    next
}

/^-- name: / {
    flush_query()
    name = $3
    next
}

{
    sub(/[ \t]*--[ \t].*$/, "")
    sub(/^[ \t]+/, "")
    if ($0 == "")
        next
    if (out == "migrations")
        printf "     \"%s\\n\"\n", quoted($0)
    else if (name != "" || let != "")
        text = text (text == "" ? "" : " ") quoted($0)
}

END {
    if (out == "migrations")
        printf "    },\n"
    else
        flush_query()
}
