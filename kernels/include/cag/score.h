#ifndef CAG_SCORE_H
#define CAG_SCORE_H

/* Nearest anchors of feature maps at run time, for C and C++ programs without LibTorch: made once
 * from an anchor file, then run on any number of frames without allocating. docs/scorer.md shows
 * how.
 *
 * A scorer does not change once it is made: any number of threads may use one at a time, each with
 * an error of its own. No function throws or prints. Each returns a cag_scorer_status; where that
 * is not CAG_SCORER_OK and `error` is not null, `error` says what was expected and what was found,
 * and results are as they were.
 *
 * A structure's `size` is the bytes that the caller's header gives it, so that later versions can
 * add members, up to 4096: the functions below that return a structure set it. */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define CAG_SCORER_NOEXCEPT noexcept
extern "C" {
#else
#define CAG_SCORER_NOEXCEPT
#endif

/* Of this interface. A library of another one is not compatible. */
enum { CAG_SCORER_ABI = 1 };

typedef int32_t cag_scorer_status;
enum {
  CAG_SCORER_OK = 0,
  CAG_SCORER_BAD_ARGUMENT = 1, /* what the caller gave: a pointer, a size, an option */
  CAG_SCORER_BAD_ANCHORS = 2,  /* damaged, of a newer version, or nothing to score with */
  CAG_SCORER_IO = 3,           /* the system refused to open or read a file */
  CAG_SCORER_NO_MEMORY = 4
};

typedef struct cag_scorer_error {
  char text[512]; /* ends with 0; longer text is cut */
} cag_scorer_error;

/* What a feature is. Half types are widened, which is exact; sums are float32. */
enum { CAG_SCORER_FLOAT32 = 0, CAG_SCORER_BFLOAT16 = 1, CAG_SCORER_FLOAT16 = 2 };

/* What a label is. */
enum { CAG_SCORER_UINT8 = 0, CAG_SCORER_INT64 = 1 };

/* Which margin a pixel has to have to be active. */
enum {
  CAG_SCORER_FITTED_OR_FIXED =
      0,                /* that of its category where the anchors have margins, else `margin` */
  CAG_SCORER_FIXED = 1, /* `margin` */
  CAG_SCORER_FITTED = 2 /* that of its category; anchors without margins are an error */
};

/* How the scorer gets at the caller's threads: calls `task(argument, i)` once for each i in
 * [0, tasks), in any order and on any threads, and returns when all have returned. It must not
 * throw. Results do not depend on the threads. */
typedef void (*cag_scorer_task)(void* argument, int64_t index);
typedef void (*cag_scorer_parallel_for)(void* pool, int64_t tasks, cag_scorer_task task,
                                        void* argument);

typedef struct cag_scorer_options {
  size_t size;
  float margin; /* at least 0; +inf: nothing is active */
  int32_t margin_kind;
  int32_t strict; /* not 0: a gap of exactly the margin is not active */
  int32_t label_type;
  int64_t ignore; /* the label of pixels that have none, no category's number */
  cag_scorer_parallel_for parallel_for; /* null: the caller's thread */
  void* pool;
} cag_scorer_options;

static inline cag_scorer_options cag_scorer_default_options(void) CAG_SCORER_NOEXCEPT {
  cag_scorer_options options;
  options.size = sizeof options;
  options.margin = 2.5F;
  options.margin_kind = CAG_SCORER_FITTED_OR_FIXED;
  options.strict = 0;
  options.label_type = CAG_SCORER_UINT8;
  options.ignore = 250;
  options.parallel_for = NULL;
  options.pool = NULL;
  return options;
}

/* Anchors in memory; copied. */
typedef struct cag_scorer_anchors {
  size_t size;
  int64_t anchors;
  int64_t width;            /* channels of each */
  const float* vectors;     /* [anchors, width] row by row, finite */
  const int64_t* counts;    /* [anchors]: observations behind each; 0: left out. Null: all count */
  const int64_t* owner;     /* [anchors] from 0, ascending, none left out: whose anchor each is.
                               Null: anchor k is that of category k */
  const float* margins;     /* [categories] of at least 0. Null: none */
  const char* const* names; /* [categories]: UTF-8 of 1 to 256 bytes without control characters,
                               each another. Null: none */
} cag_scorer_anchors;

static inline cag_scorer_anchors cag_scorer_no_anchors(void) CAG_SCORER_NOEXCEPT {
  cag_scorer_anchors anchors;
  anchors.size = sizeof anchors;
  anchors.anchors = 0;
  anchors.width = 0;
  anchors.vectors = NULL;
  anchors.counts = NULL;
  anchors.owner = NULL;
  anchors.margins = NULL;
  anchors.names = NULL;
  return anchors;
}

typedef struct cag_scorer cag_scorer;

/* Of an anchor file (docs/formats.md), all of whose bytes are checked. `options` null: the default
 * ones. The scorer is the caller's, for cag_scorer_close. */
cag_scorer_status cag_scorer_open(const char* path, const cag_scorer_options* options,
                                  cag_scorer** scorer, cag_scorer_error* error) CAG_SCORER_NOEXCEPT;

/* Of the `size` bytes of an anchor file, which the scorer does not need afterwards. */
cag_scorer_status cag_scorer_open_bytes(const void* bytes, size_t size,
                                        const cag_scorer_options* options, cag_scorer** scorer,
                                        cag_scorer_error* error) CAG_SCORER_NOEXCEPT;

cag_scorer_status cag_scorer_open_anchors(const cag_scorer_anchors* anchors,
                                          const cag_scorer_options* options, cag_scorer** scorer,
                                          cag_scorer_error* error) CAG_SCORER_NOEXCEPT;

/* Frees a scorer that no thread uses. Null is fine. */
cag_scorer_status cag_scorer_close(cag_scorer* scorer) CAG_SCORER_NOEXCEPT;

/* Texts are the scorer's, and UTF-8; "" where the anchors have none. */
typedef struct cag_scorer_info {
  size_t size;
  int64_t categories;
  int64_t competing;    /* categories with an anchor that was seen; with one, nothing is active */
  int64_t anchors;      /* those that were seen */
  int64_t width;        /* channels of a frame */
  int64_t format;       /* version of the anchor file, 0 without one */
  const char* producer; /* what wrote the file */
  const char* backbone; /* tells the network whose features the anchors are of */
  const char* tap;      /* the submodule of it that gives them */
  const char* library;  /* version of this library */
} cag_scorer_info;

/* @param info  whose `size` is set */
cag_scorer_status cag_scorer_describe(const cag_scorer* scorer, cag_scorer_info* info,
                                      cag_scorer_error* error) CAG_SCORER_NOEXCEPT;

typedef struct cag_scorer_category {
  size_t size;
  const char* name; /* the scorer's; "" where the anchors have none */
  int64_t anchors;  /* that were seen; 0: no pixel is given this category */
  float margin;     /* that its pixels need */
} cag_scorer_category;

/* @param number    from 0
 * @param category  whose `size` is set */
cag_scorer_status cag_scorer_describe_category(const cag_scorer* scorer, int64_t number,
                                               cag_scorer_category* category,
                                               cag_scorer_error* error) CAG_SCORER_NOEXCEPT;

/* Features [channels, height, width] in memory: (d, y, x) lies d·channel_stride + y·row_stride +
 * x·column_stride elements after `data`. Strides are at least 1, and channel_stride or
 * column_stride is 1. A frame of no rows or no columns is fine, whatever its strides are: nothing
 * is read, and nothing written. */
typedef struct cag_scorer_frame {
  size_t size;
  const void* data; /* aligned to its element */
  int64_t elements; /* that lie at `data`; nothing is read behind them */
  int32_t element;
  int64_t channels, height, width;
  int64_t channel_stride, row_stride, column_stride;
} cag_scorer_frame;

/* Channel by channel. */
static inline cag_scorer_frame cag_scorer_frame_chw(const void* data, int32_t element,
                                                    int64_t channels, int64_t height,
                                                    int64_t width) CAG_SCORER_NOEXCEPT {
  cag_scorer_frame frame;
  frame.size = sizeof frame;
  frame.data = data;
  frame.elements = (int64_t)((uint64_t)channels * (uint64_t)height * (uint64_t)width);
  frame.element = element;
  frame.channels = channels;
  frame.height = height;
  frame.width = width;
  frame.channel_stride = (int64_t)((uint64_t)height * (uint64_t)width);
  frame.row_stride = width;
  frame.column_stride = 1;
  return frame;
}

/* Pixel by pixel: channels-last. */
static inline cag_scorer_frame cag_scorer_frame_hwc(const void* data, int32_t element,
                                                    int64_t channels, int64_t height,
                                                    int64_t width) CAG_SCORER_NOEXCEPT {
  cag_scorer_frame frame = cag_scorer_frame_chw(data, element, channels, height, width);
  frame.channel_stride = 1;
  frame.row_stride = (int64_t)((uint64_t)width * (uint64_t)channels);
  frame.column_stride = channels;
  return frame;
}

/* What is written, each [height, width] row by row and aligned to its elements; null where it is
 * not wanted. */
typedef struct cag_scorer_maps {
  size_t size;
  int64_t pixels;   /* that each map has room for */
  void* label;      /* category of the nearest anchor where the pixel is active, else `ignore` */
  void* category;   /* the same, active or not; the first seen one where no distance is finite */
  float* margin;    /* how much farther the second nearest category is than the nearest; +inf
                       without a second, NaN for features that are NaN */
  float* distance;  /* Euclidean, to the nearest anchor */
  uint8_t* abstain; /* 0 where the pixel is active, 1 elsewhere */
} cag_scorer_maps;

static inline cag_scorer_maps cag_scorer_no_maps(void) CAG_SCORER_NOEXCEPT {
  cag_scorer_maps maps;
  maps.size = sizeof maps;
  maps.pixels = 0;
  maps.label = NULL;
  maps.category = NULL;
  maps.margin = NULL;
  maps.distance = NULL;
  maps.abstain = NULL;
  return maps;
}

/* Scores a frame. Allocates nothing, takes no lock, and needs at most 128 KiB of each thread's
 * stack. */
cag_scorer_status cag_scorer_run(const cag_scorer* scorer, const cag_scorer_frame* frame,
                                 const cag_scorer_maps* maps,
                                 cag_scorer_error* error) CAG_SCORER_NOEXCEPT;

/* Asks the system to let this process use the processor's tile registers (Intel's AMX), by which
 * frames are scored faster that ask for neither margin nor distance. Stacks for signals have to
 * hold 11 KB more from then on, until the process ends. 1: it may; 0: without such a processor, or
 * on other systems than Linux. */
int32_t cag_scorer_ask_for_tiles(void) CAG_SCORER_NOEXCEPT;

/* CAG_SCORER_ABI of the library that runs. */
int32_t cag_scorer_abi(void) CAG_SCORER_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
