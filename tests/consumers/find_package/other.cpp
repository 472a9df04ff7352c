#include <cag/cag.hpp>

#ifdef CONSUMER_DATA
#include <cag/data/png.hpp>
#endif

// That a second file may include everything shows when the two are linked.
std::int64_t categories_of_other_file() { return cag::Anchors::zeros(7, 48).categories(); }

bool picture_comes_back_of_other_file() {
#ifdef CONSUMER_DATA
  const at::Tensor picture = at::randint(256, {5, 7, 3}, at::kByte);
  cag::png::write_rgb("picture.png", picture);
  return cag::png::read_rgb("picture.png").equal(picture);
#else
  return true;
#endif
}
