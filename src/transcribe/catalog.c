#include "transcribe/catalog.h"

#include "base/cleanup.h"
#include "base/str.h"

/* Revisions of the four repositories. */
#define STOCK(name)                                                                                \
    "ggerganov/whisper.cpp/resolve/5359861c739e955e79d9a303bcbc70fb988958b1/ggml-" name ".bin"
#define IVRIT_TURBO                                                                                \
    "ivrit-ai/whisper-large-v3-turbo-ggml/resolve/2130c78e4a9cb4914cc4df91a1c3031407789705/"       \
    "ggml-model.bin"
#define IVRIT_LARGE                                                                                \
    "ivrit-ai/whisper-large-v3-ggml/resolve/9ead614052ce13dfe5f8d0f6cd3e36787a9cf60c/"             \
    "ggml-model.bin"
#define SILERO                                                                                     \
    "ggml-org/whisper-vad/resolve/9ffd54a1e1ee413ddf265af9913beaf518d1639b/ggml-silero-v6.2.0.bin"

/* Sources of the hashes: the LFS pointers of those repositories, as several programs pin them;
 * SHA-1 of the stock ones also in whisper.cpp's models/README.md. */
static const struct kol_catalog_model models[] = {
    {"tiny", STOCK("tiny"), 77691713,
     "be07e048e1e599ad46341c8d2a135645097a538221678b7acdd1b1919c6e1b21", "all", "for trying out"},
    {"tiny-q5_1", STOCK("tiny-q5_1"), 32152673,
     "818710568da3ca15689e31a743197b520007872ff9576237bda97bd1b469c3d7", "all", "for trying out"},
    {"tiny.en", STOCK("tiny.en"), 77704715,
     "921e4cf8686fdd993dcd081a5da5b6c365bfde1162e72b08d75ac75289920b1f", "en", "for trying out"},
    {"base", STOCK("base"), 147951465,
     "60ed5bc3dd14eea856493d334349b405782ddcaf0028d4b5df4088345fba2efe", "all",
     "English calls on a small machine"},
    {"base-q5_1", STOCK("base-q5_1"), 59707625,
     "422f1ae452ade6f30a004d7e5c6a43195e4433bc370bf23fac9cc591f01a8898", "all",
     "less memory, slower"},
    {"base-q8_0", STOCK("base-q8_0"), 81768585,
     "c577b9a86e7e048a0b7eada054f4dd79a56bbfa911fbdacf900ac5b567cbb7d9", "all", "half the memory"},
    {"base.en", STOCK("base.en"), 147964211,
     "a03779c86df3323075f5e796cb2ce5029f00ec8869eee3fdfb897afe36c6d002", "en", ""},
    {"base.en-q5_1", STOCK("base.en-q5_1"), 59721011,
     "4baf70dd0d7c4247ba2b81fafd9c01005ac77c2f9ef064e00dcf195d0e2fdd2f", "en", ""},
    {"small", STOCK("small"), 487601967,
     "1be3a9b2063867b937e64e2ec7483364a79917e157fa98c5d94b5c1fffea987b", "all", "better English"},
    {"small-q5_1", STOCK("small-q5_1"), 190085487,
     "ae85e4a935d7a567bd102fe55afc16bb595bdb618e11b2fc7591bc08120411bb", "all", ""},
    {"small-q8_0", STOCK("small-q8_0"), 264464607,
     "49c8fb02b65e6049d5fa6c04f81f53b867b5ec9540406812c643f177317f779f", "all", ""},
    {"small.en", STOCK("small.en"), 487614201,
     "c6138d6d58ecc8322097e0f987c32f1be8bb0a18532a3f88f734d1bbf9c41e5d", "en", ""},
    {"small.en-q5_1", STOCK("small.en-q5_1"), 190098681,
     "bfdff4894dcb76bbf647d56263ea2a96645423f1669176f4844a1bf8e478ad30", "en", ""},
    {"medium", STOCK("medium"), 1533763059,
     "6c14d5adee5f86394037b4e4e8b59f1673b6cee10e3cf0b11bbdbee79c156208", "all", ""},
    {"medium-q5_0", STOCK("medium-q5_0"), 539212467,
     "19fea4b380c3a618ec4723c3eef2eb785ffba0d0538cf43f8f235e7b3b34220f", "all", ""},
    {"medium-q8_0", STOCK("medium-q8_0"), 823369779,
     "42a1ffcbe4167d224232443396968db4d02d4e8e87e213d3ee2e03095dea6502", "all", ""},
    {"medium.en", STOCK("medium.en"), 1533774781,
     "cc37e93478338ec7700281a7ac30a10128929eb8f427dda2e865faa8f6da4356", "en", ""},
    {"medium.en-q5_0", STOCK("medium.en-q5_0"), 539225533,
     "76733e26ad8fe1c7a5bf7531a9d41917b2adc0f20f2e4f5531688a8c6cd88eb0", "en", ""},
    {"large-v3", STOCK("large-v3"), 3095033483,
     "64d182b440b98d5203c4f9bd541544d84c605196c4f7b845dfa11fb23594d1e2", "all",
     "best of the stock models, slow"},
    {"large-v3-q5_0", STOCK("large-v3-q5_0"), 1081140203,
     "d75795ecff3f83b5faa89d1900604ad8c780abd5739fae406de19f23ecd98ad1", "all", ""},
    {"large-v3-turbo", STOCK("large-v3-turbo"), 1624555275,
     "1fc70f774d38eb169993ac391eea357ef47c88757ef72ee5943879b7e8e2bc69", "all",
     "near large-v3, several times faster"},
    {"large-v3-turbo-q8_0", STOCK("large-v3-turbo-q8_0"), 874188075,
     "317eb69c11673c9de1e1f0d459b253999804ec71ac4c23c17ecf5fbe24e259a1", "all", ""},
    {"large-v3-turbo-q5_0", STOCK("large-v3-turbo-q5_0"), 574041195,
     "394221709cd5ad1f40c46e6031ca61bce88931e6e088c188294c6d5a55ffa7e2", "all",
     "the best that fits a small machine"},
    {KOL_CATALOG_HEBREW, IVRIT_TURBO, 1624555275,
     "c8090411113357097bfafc2b8e228ec1639fa7f5fe4ecb5d054ac0ccef8641b1", "he",
     "ivrit.ai: for Hebrew calls"},
    {"ivrit-large-v3", IVRIT_LARGE, 3095033483,
     "09e66ec67b2e00c6933afab6684cbf78fe023e8ad153c1848f62000e4335a07f", "he",
     "ivrit.ai: Hebrew, slow"},
    {"silero-vad", SILERO, 885098,
     "2aa269b785eeb53a82983a20501ddf7c1d9c48e33ab63a41391ac6c9f7fb6987", "-",
     "finds speech; every model needs it"},
};

const struct kol_catalog_model *kol_catalog(size_t *ret_count)
{
    *ret_count = KOL_COUNT(models);
    return models;
}

const struct kol_catalog_model *kol_catalog_find(const char *name)
{
    for (size_t i = 0; i < KOL_COUNT(models); i++)
        if (kol_streq(models[i].name, name))
            return &models[i];
    return NULL;
}
