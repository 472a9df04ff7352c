/* The C interface as a C program has it. */
#include <cag/score.h>

#include <stdio.h>

static int failed(const char* what, const cag_scorer_error* error) {
  fprintf(stderr, "%s: %s\n", what, error->text);
  return 1;
}

int main(void) {
  const float vectors[] = {0, 0, 10, 0};
  const char* const names[] = {"road", "sky"};
  cag_scorer_anchors anchors = cag_scorer_no_anchors();
  cag_scorer_options options = cag_scorer_default_options();
  cag_scorer* scorer = NULL;
  cag_scorer_error error = {""};

  if (cag_scorer_abi() != CAG_SCORER_ABI) return failed("abi", &error);
  if ((cag_scorer_ask_for_tiles() & ~1) != 0) return failed("tiles", &error);
  if (cag_scorer_open("absent", &options, &scorer, &error) != CAG_SCORER_IO || scorer != NULL)
    return failed("a file that is absent", &error);

  anchors.anchors = 2;
  anchors.width = 2;
  anchors.vectors = vectors;
  anchors.names = names;
  if (cag_scorer_open_anchors(&anchors, &options, &scorer, &error) != CAG_SCORER_OK)
    return failed("open", &error);

  /* Distances to (0, 0) and (10, 0): 1 9 | 5 5 | 10 0. */
  const float features[] = {1, 0, 5, 0, 10, 0};
  const cag_scorer_frame frame = cag_scorer_frame_hwc(features, CAG_SCORER_FLOAT32, 2, 1, 3);
  uint8_t label[3], abstain[3];
  float margin[3];
  cag_scorer_maps maps = cag_scorer_no_maps();
  maps.pixels = 3;
  maps.label = label;
  maps.abstain = abstain;
  maps.margin = margin;
  if (cag_scorer_run(scorer, &frame, &maps, &error) != CAG_SCORER_OK) return failed("run", &error);
  if (label[0] != 0 || label[1] != 250 || label[2] != 1) return failed("labels", &error);
  if (abstain[0] != 0 || abstain[1] != 1 || abstain[2] != 0) return failed("abstain map", &error);
  if (margin[0] != 8 || margin[1] != 0 || margin[2] != 10) return failed("margins", &error);

  cag_scorer_category category;
  category.size = sizeof category;
  if (cag_scorer_describe_category(scorer, 1, &category, &error) != CAG_SCORER_OK ||
      category.name[0] != 's' || category.margin != 2.5F)
    return failed("category", &error);
  return cag_scorer_close(scorer) == CAG_SCORER_OK ? 0 : failed("close", &error);
}
