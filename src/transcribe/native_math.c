#include "transcribe/native_math.h"

#include "base/cleanup.h"
#include <limits.h>
#include <oneapi/dnnl/dnnl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Of libgomp, whose header a C compiler without OpenMP has not. */
extern void omp_set_num_threads(int count);

enum {
    ALIGN = 64,
    TILE = 300, /* rows that a product computes at once: five tiles are a window of 1,500 */
    VNNI_ISA = 0x67,
    BF16_ISA = 0xe7
};

struct kol_math {
    dnnl_stream_t stream;
    void *scratch;
    size_t scratch_bytes;
};

static enum kol_code failed(struct kol_err *err, const char *what, dnnl_status_t status)
{
    return kol_fail(err, status == dnnl_out_of_memory ? KOL_NO_MEMORY : KOL_ENGINE,
                    "oneDNN: %s failed (%d)", what, (int)status);
}

/* ---- the engine, one for the process ---- */

static pthread_once_t engine_once = PTHREAD_ONCE_INIT;
static dnnl_engine_t engine;
static dnnl_status_t engine_status;
static bool engine_bf16, engine_int8;

static void make_engine(void)
{
    engine_status = dnnl_engine_create(&engine, dnnl_cpu, 0);
    const int isa = (int)dnnl_get_effective_cpu_isa();
    engine_bf16 = (isa & BF16_ISA) == BF16_ISA;
    engine_int8 = (isa & VNNI_ISA) == VNNI_ISA;
}

/* Kol computes on as many threads as it wants to: none of them may start more. oneDNN asks when it
 * makes a primitive and when it runs one. */
static dnnl_status_t ready(void)
{
    pthread_once(&engine_once, make_engine);
    omp_set_num_threads(1);
    return engine_status;
}

bool kol_compact_is_bf16(void)
{
    ready();
    return engine_bf16;
}

bool kol_math_has_int8(void)
{
    ready();
    return engine_int8;
}

size_t kol_compact_bytes(void)
{
    return kol_compact_is_bf16() ? sizeof(uint16_t) : sizeof(float);
}

void kol_compact(const float *x, size_t count, void *ret)
{
    if (kol_compact_is_bf16())
        kol_to_bf16(x, count, ret);
    else
        memcpy(ret, x, count * sizeof(float));
}

void *kol_math_alloc(size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX - ALIGN)
        return NULL;
    bytes = (bytes / ALIGN + 1) * ALIGN;
    void *ret = aligned_alloc(ALIGN, bytes);
    if (ret)
        memset(ret, 0, bytes);
    return ret;
}

enum kol_code kol_math_open(struct kol_math **ret, struct kol_err *err)
{
    struct kol_math *math = calloc(1, sizeof(*math));

    if (!math)
        return kol_fail(err, KOL_NO_MEMORY, "native engine: out of memory");
    dnnl_status_t status = ready();
    if (status == dnnl_success)
        status = dnnl_stream_create(&math->stream, engine, dnnl_stream_in_order);
    if (status != dnnl_success) {
        free(math);
        return failed(err, "a stream", status);
    }
    *ret = math;
    return KOL_OK;
}

void kol_math_close(struct kol_math *math)
{
    if (!math)
        return;
    dnnl_stream_destroy(math->stream);
    free(math->scratch);
    free(math);
}

/* Scratch memory of at least so many bytes; what it held is lost. */
static bool make_room(struct kol_math *math, size_t bytes)
{
    if (bytes <= math->scratch_bytes)
        return true;
    free(math->scratch);
    math->scratch = kol_math_alloc(bytes, 1);
    math->scratch_bytes = math->scratch ? bytes : 0;
    return math->scratch;
}

/* ---- running a primitive ---- */

struct part {
    int role; /* DNNL_ARG_... */
    const dnnl_memory_desc_t *shape;
    void *data;
};

enum { PARTS = 5 };

static enum kol_code run(dnnl_primitive_t primitive, struct kol_math *math,
                         const struct part *parts, size_t count, struct kol_err *err)
{
    dnnl_exec_arg_t args[PARTS];
    size_t made = 0;
    dnnl_status_t status = ready();

    for (size_t i = 0; i < count && status == dnnl_success; i++) {
        args[made].arg = parts[i].role;
        status = dnnl_memory_create(&args[made].memory, parts[i].shape, engine, parts[i].data);
        made += status == dnnl_success;
    }
    if (status == dnnl_success)
        status = dnnl_primitive_execute(primitive, math->stream, (int)made, args);
    while (made > 0)
        dnnl_memory_destroy(args[--made].memory);
    return status == dnnl_success ? KOL_OK : failed(err, "a product", status);
}

/* ---- matrices ---- */

struct kol_matrix {
    struct kol_matrix_conf conf;
    dnnl_primitive_t primitive, packer;
    dnnl_memory_desc_t a, plain, packed, bias, c, scratch;
};

void kol_matrix_free(struct kol_matrix *x)
{
    if (!x)
        return;
    if (x->primitive)
        dnnl_primitive_destroy(x->primitive);
    if (x->packer)
        dnnl_primitive_destroy(x->packer);
    free(x);
}

KOL_DEFINE_CLEANUP(kol_matrix, kol_matrix_free)

static dnnl_data_type_t type_of(bool compact)
{
    return compact && engine_bf16 ? dnnl_bf16 : dnnl_f32;
}

static dnnl_status_t make_attr(const struct kol_matrix_conf *conf, dnnl_primitive_attr_t attr)
{
    dnnl_post_ops_t ops;
    dnnl_status_t status = dnnl_post_ops_create(&ops);

    if (status != dnnl_success)
        return status;
    if (conf->act == KOL_GELU)
        status = dnnl_post_ops_append_eltwise(ops, 1.0f, dnnl_eltwise_gelu_tanh, 0, 0);
    if (status == dnnl_success && conf->add)
        status = dnnl_post_ops_append_sum(ops, 1.0f);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_post_ops(attr, ops);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
    dnnl_post_ops_destroy(ops);
    return status;
}

/* packed: the form that b must have; NULL lets oneDNN choose. */
static dnnl_status_t make_desc(struct kol_matrix *x, const dnnl_memory_desc_t *packed,
                               dnnl_matmul_desc_t *ret)
{
    const struct kol_matrix_conf *conf = &x->conf;
    const dnnl_data_type_t in = conf->int8 ? dnnl_s8 : type_of(!conf->exact),
                           out = conf->int8 ? dnnl_s32 : type_of(conf->compact);
    const dnnl_dims_t a = {conf->m, conf->k}, b = {conf->k, conf->n}, c = {conf->m, conf->n},
                      bias = {1, conf->n};
    dnnl_status_t status = dnnl_memory_desc_init_by_tag(&x->a, 2, a, in, dnnl_ab);

    if (packed)
        x->packed = *packed;
    else if (status == dnnl_success)
        status = dnnl_memory_desc_init_by_tag(&x->packed, 2, b, in, dnnl_format_tag_any);
    if (status == dnnl_success)
        status = dnnl_memory_desc_init_by_tag(&x->c, 2, c, out, dnnl_ab);
    if (status == dnnl_success)
        status = dnnl_memory_desc_init_by_tag(&x->bias, 2, bias, dnnl_f32, dnnl_ab);
    return status == dnnl_success
               ? dnnl_matmul_desc_init(ret, &x->a, &x->packed, conf->bias ? &x->bias : NULL, &x->c)
               : status;
}

static dnnl_status_t make_primitive(struct kol_matrix *x, const dnnl_memory_desc_t *packed)
{
    dnnl_matmul_desc_t desc;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_status_t status = ready();

    if (status == dnnl_success)
        status = make_desc(x, packed, &desc);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_create(&attr);
    if (status == dnnl_success)
        status = make_attr(&x->conf, attr);
    if (status == dnnl_success)
        status = dnnl_primitive_desc_create(&pd, &desc, attr, engine, NULL);
    if (status == dnnl_success) {
        x->packed = *dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
        x->scratch = *dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
        status = dnnl_primitive_create(&x->primitive, pd);
    }
    if (pd)
        dnnl_primitive_desc_destroy(pd);
    if (attr)
        dnnl_primitive_attr_destroy(attr);
    return status;
}

/* What turns a plain b into a packed one. */
static dnnl_status_t make_packer(struct kol_matrix *x)
{
    const dnnl_dims_t sizes = {x->conf.k, x->conf.n},
                      steps = {x->conf.row_step, x->conf.column_step};
    dnnl_primitive_desc_t pd = NULL;
    dnnl_status_t status =
        dnnl_memory_desc_init_by_strides(&x->plain, 2, sizes, x->packed.data_type, steps);

    if (status == dnnl_success)
        status =
            dnnl_reorder_primitive_desc_create(&pd, &x->plain, engine, &x->packed, engine, NULL);
    if (status == dnnl_success)
        status = dnnl_primitive_create(&x->packer, pd);
    if (pd)
        dnnl_primitive_desc_destroy(pd);
    return status;
}

static enum kol_code make_matrix(const struct kol_matrix_conf *conf,
                                 const dnnl_memory_desc_t *packed, struct kol_matrix **ret,
                                 struct kol_err *err)
{
    KOL_CLEANUP(kol_matrix_cleanup) struct kol_matrix *x = calloc(1, sizeof(*x));

    if (!x)
        return kol_fail(err, KOL_NO_MEMORY, "native engine: out of memory");
    x->conf = *conf;
    dnnl_status_t status = make_primitive(x, packed);
    if (status == dnnl_success)
        status = make_packer(x);
    if (status != dnnl_success)
        return failed(err, "making a product", status);
    *ret = x;
    x = NULL;
    return KOL_OK;
}

enum kol_code kol_matrix_make(const struct kol_matrix_conf *conf, struct kol_matrix **ret,
                              struct kol_err *err)
{
    return make_matrix(conf, NULL, ret, err);
}

size_t kol_matrix_packed_bytes(const struct kol_matrix *x)
{
    return dnnl_memory_desc_get_size(&x->packed);
}

/* oneDNN's C interface knows no constant data; it writes to ARG_DST and the scratchpad only. */
static void *unconst(const void *data)
{
    void *ret;

    memcpy(&ret, &data, sizeof(ret));
    return ret;
}

enum kol_code kol_matrix_pack(const struct kol_matrix *x, struct kol_math *math, const void *b,
                              void *ret, struct kol_err *err)
{
    const struct part parts[] = {{DNNL_ARG_FROM, &x->plain, unconst(b)},
                                 {DNNL_ARG_TO, &x->packed, ret}};

    return run(x->packer, math, parts, KOL_COUNT(parts), err);
}

enum kol_code kol_matrix_run(const struct kol_matrix *x, struct kol_math *math, const void *a,
                             const void *packed, const float *bias, void *c, struct kol_err *err)
{
    if (!make_room(math, dnnl_memory_desc_get_size(&x->scratch)))
        return kol_fail(err, KOL_NO_MEMORY, "native engine: out of memory");
    const struct part parts[PARTS] = {
        {DNNL_ARG_SRC, &x->a, unconst(a)},
        {DNNL_ARG_WEIGHTS, &x->packed, unconst(packed)},
        {DNNL_ARG_DST, &x->c, c},
        {DNNL_ARG_SCRATCHPAD, &x->scratch, math->scratch},
        {DNNL_ARG_BIAS, &x->bias, unconst(bias)},
    };

    return run(x->primitive, math, parts, x->conf.bias ? PARTS : PARTS - 1, err);
}

/* ---- products ---- */

struct kol_product {
    struct kol_product_conf conf; /* its bias is the one below */
    struct kol_matrix *tile;      /* of TILE rows; decides how the weights are packed */
    void *weights;
    float *bias, *scales;
    struct kol_columns columns;
    pthread_mutex_t lock; /* of those who write the list below; its items stay as they are */
    _Atomic(struct kol_matrix *) lengths[TILE]; /* for fewer rows, by their number */
};

void kol_product_free(struct kol_product *p)
{
    if (!p)
        return;
    for (int i = 0; i < TILE; i++)
        kol_matrix_free(p->lengths[i]);
    kol_matrix_free(p->tile);
    free(p->weights);
    free(p->bias);
    free(p->scales);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

KOL_DEFINE_CLEANUP(kol_product, kol_product_free)

static struct kol_matrix_conf matrix_conf(const struct kol_product *p, int m)
{
    return (struct kol_matrix_conf){
        .m = m,
        .n = p->conf.n,
        .k = p->conf.k,
        .row_step = 1,
        .column_step = p->conf.k,
        .bias = p->conf.bias && !p->conf.int8,
        .act = p->conf.act,
        .add = p->conf.add,
        .exact = p->conf.exact,
        .compact = p->conf.compact,
        .int8 = p->conf.int8,
    };
}

/* Bytes of a value that goes in and of one that comes out. */
static size_t size_in(const struct kol_product_conf *conf)
{
    return conf->int8 ? sizeof(int8_t) : conf->exact ? sizeof(float) : kol_compact_bytes();
}

static size_t size_out(const struct kol_product_conf *conf)
{
    return conf->compact ? kol_compact_bytes() : sizeof(float);
}

static void convert_weights(const struct kol_product *p, const float *w, void *ret)
{
    const size_t count = (size_t)p->conf.n * (size_t)p->conf.k;

    if (p->conf.int8)
        kol_to_int8(w, p->conf.n, p->conf.k, ret, p->scales);
    else if (p->conf.exact)
        memcpy(ret, w, count * sizeof(float));
    else
        kol_compact(w, count, ret);
}

static enum kol_code pack_weights(struct kol_product *p, const float *w, struct kol_err *err)
{
    struct kol_math *math = NULL;
    void *plain = kol_math_alloc((size_t)p->conf.n * (size_t)p->conf.k, size_in(&p->conf));
    enum kol_code code = kol_math_open(&math, err);

    p->weights = kol_math_alloc(kol_matrix_packed_bytes(p->tile), 1);
    if (code == KOL_OK && (!p->weights || !plain))
        code = kol_fail(err, KOL_NO_MEMORY, "native engine: out of memory");
    if (code == KOL_OK) {
        convert_weights(p, w, plain);
        code = kol_matrix_pack(p->tile, math, plain, p->weights, err);
    }
    kol_math_close(math);
    free(plain);
    return code;
}

/* A bias of its own (zeros do for sums of whole numbers), and room for their scales. */
static bool make_columns(struct kol_product *p, const float *bias)
{
    const size_t n = (size_t)p->conf.n;

    if (!bias && !p->conf.int8)
        return true;
    p->bias = kol_math_alloc(n, sizeof(float));
    p->scales = p->conf.int8 ? kol_math_alloc(n, sizeof(float)) : NULL;
    if (!p->bias || (p->conf.int8 && !p->scales))
        return false;
    if (bias)
        memcpy(p->bias, bias, n * sizeof(float));
    p->conf.bias = p->bias;
    p->columns = (struct kol_columns){p->scales, p->bias};
    return true;
}

enum kol_code kol_product_make(const float *w, const struct kol_product_conf *conf,
                               struct kol_product **ret, struct kol_err *err)
{
    KOL_CLEANUP(kol_product_cleanup) struct kol_product *p = calloc(1, sizeof(*p));

    if (!p)
        return kol_fail(err, KOL_NO_MEMORY, "native engine: out of memory");
    pthread_mutex_init(&p->lock, NULL);
    p->conf = *conf;
    if (!make_columns(p, conf->bias))
        return kol_fail(err, KOL_NO_MEMORY, "native engine: out of memory");
    const struct kol_matrix_conf tile = matrix_conf(p, TILE);
    enum kol_code code = kol_matrix_make(&tile, &p->tile, err);
    if (code == KOL_OK)
        code = pack_weights(p, w, err);
    if (code != KOL_OK)
        return code;
    *ret = p;
    p = NULL;
    return KOL_OK;
}

const struct kol_columns *kol_product_columns(const struct kol_product *p)
{
    return &p->columns;
}

/* The machine code for m rows; made when it is asked for the first time. */
static enum kol_code find_length(struct kol_product *p, int m, struct kol_matrix **ret,
                                 struct kol_err *err)
{
    enum kol_code code = KOL_OK;

    *ret = m == TILE ? p->tile : atomic_load(&p->lengths[m]);
    if (*ret)
        return KOL_OK;
    pthread_mutex_lock(&p->lock);
    *ret = atomic_load(&p->lengths[m]);
    if (!*ret) {
        const struct kol_matrix_conf conf = matrix_conf(p, m);
        code = make_matrix(&conf, &p->tile->packed, ret, err);
        if (code == KOL_OK)
            atomic_store(&p->lengths[m], *ret);
    }
    pthread_mutex_unlock(&p->lock);
    return code;
}

enum kol_code kol_product_run(struct kol_product *p, struct kol_math *math, const void *x, int m,
                              void *y, struct kol_err *err)
{
    const size_t in = (size_t)p->conf.k * size_in(&p->conf);
    const size_t out = (size_t)p->conf.n * size_out(&p->conf);

    for (int done = 0; done < m; done += TILE) {
        struct kol_matrix *matrix;
        const size_t at = (size_t)done;
        enum kol_code code = find_length(p, m - done < TILE ? m - done : TILE, &matrix, err);

        if (code == KOL_OK)
            code = kol_matrix_run(matrix, math, (const char *)x + at * in, p->weights, p->bias,
                                  (char *)y + at * out, err);
        if (code != KOL_OK)
            return code;
    }
    return KOL_OK;
}
