/*
 * embedded.c - the data files inside the program, so that it needs no folder beside it.
 */
#include "understand/lexicon.h"

#define EMBED(symbol, file)                                                                        \
    __asm__(".section .rodata\n.global " #symbol "\n.global " #symbol "_end\n.balign 16\n" #symbol \
            ":\n.incbin \"" KOL_DATA_DIR "/" file "\"\n" #symbol "_end:\n.byte 0\n.previous\n")

EMBED(kol_data_services, "services.txt");
EMBED(kol_data_places, "places.tsv");
EMBED(kol_data_learned, "learned.bin");
EMBED(kol_data_names, "names.txt");
