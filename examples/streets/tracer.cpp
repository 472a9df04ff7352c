#include "streets/tracer.hpp"

#if __has_include(<embree4/rtcore.h>)
#include <embree4/rtcore.h>
#else
#include <embree3/rtcore.h>
#endif

#include <cstring>
#include <limits>
#include <new>
#include <stdexcept>
#include <type_traits>

#include <fmt/format.h>

namespace streets {
namespace {

constexpr float kLeast = 1e-3F;  // so that a ray leaves the surface it starts on

RTCRay ray(const Vec& origin, const Vec& direction) {
  RTCRay ray{};
  ray.org_x = origin.x();
  ray.org_y = origin.y();
  ray.org_z = origin.z();
  ray.dir_x = direction.x();
  ray.dir_y = direction.y();
  ray.dir_z = direction.z();
  ray.tnear = kLeast;
  ray.tfar = std::numeric_limits<float>::infinity();
  ray.mask = ~0U;
  return ray;
}

// The two versions differ in how a query is begun.
#if RTC_VERSION_MAJOR >= 4
void intersect(RTCScene scene, RTCRayHit& query) { rtcIntersect1(scene, &query); }
void occluded(RTCScene scene, RTCRay& query) { rtcOccluded1(scene, &query); }
#else
void intersect(RTCScene scene, RTCRayHit& query) {
  RTCIntersectContext context;
  rtcInitIntersectContext(&context);
  rtcIntersect1(scene, &context, &query);
}
void occluded(RTCScene scene, RTCRay& query) {
  RTCIntersectContext context;
  rtcInitIntersectContext(&context);
  rtcOccluded1(scene, &context, &query);
}
#endif

template <typename Handle, void (*kRelease)(Handle)>
using Held = std::unique_ptr<std::remove_pointer_t<Handle>,
                             std::integral_constant<void (*)(Handle), kRelease>>;

/// @param device  null where it is the device that could not be made
void expect_no_error(RTCDevice device) {
  const auto error = rtcGetDeviceError(device);
  if (error == RTC_ERROR_OUT_OF_MEMORY) throw std::bad_alloc();
  if (device == nullptr || error != RTC_ERROR_NONE)
    throw std::runtime_error(fmt::format("Embree: error {}", static_cast<int>(error)));
}

}  // namespace

struct Tracer::Index {
  Held<RTCDevice, rtcReleaseDevice> device{rtcNewDevice("threads=1")};
  Held<RTCScene, rtcReleaseScene> scene;

  explicit Index(const Mesh& mesh) {
    try {
      build(mesh);
    } catch (...) {
      // Embree ends the process where it releases what it had no memory for.
      static_cast<void>(scene.release());
      static_cast<void>(device.release());
      throw;
    }
  }

 private:
  void build(const Mesh& mesh) {
    expect_no_error(device.get());
    scene.reset(rtcNewScene(device.get()));
    const auto geometry = rtcNewGeometry(device.get(), RTC_GEOMETRY_TYPE_TRIANGLE);
    expect_no_error(device.get());
    auto* positions = static_cast<float*>(
        rtcSetNewGeometryBuffer(geometry, RTC_BUFFER_TYPE_VERTEX, 0, RTC_FORMAT_FLOAT3,
                                3 * sizeof(float), mesh.vertices.size()));
    auto* corners = static_cast<std::uint32_t*>(
        rtcSetNewGeometryBuffer(geometry, RTC_BUFFER_TYPE_INDEX, 0, RTC_FORMAT_UINT3,
                                3 * sizeof(std::uint32_t), mesh.triangles.size()));
    if (positions == nullptr || corners == nullptr) throw std::bad_alloc();
    for (const auto& vertex : mesh.vertices) {
      std::memcpy(positions, vertex.position.data(), 3 * sizeof(float));
      positions += 3;
    }
    std::memcpy(corners, mesh.triangles.data(), mesh.triangles.size() * 3 * sizeof(std::uint32_t));
    rtcCommitGeometry(geometry);
    rtcAttachGeometry(scene.get(), geometry);
    rtcReleaseGeometry(geometry);  // the scene keeps it
    rtcCommitScene(scene.get());
    expect_no_error(device.get());
  }
};

Tracer::Tracer(const Mesh& mesh) : mesh_(mesh), index_(std::make_shared<const Index>(mesh)) {}

std::optional<Hit> Tracer::first(const Vec& origin, const Vec& direction) const {
  RTCRayHit query{};
  query.ray = ray(origin, direction);
  query.hit.geomID = RTC_INVALID_GEOMETRY_ID;
  intersect(index_->scene.get(), query);
  if (query.hit.geomID == RTC_INVALID_GEOMETRY_ID) return {};
  const auto& corners = mesh_.triangles[query.hit.primID];
  const auto &a = mesh_.vertices[corners[0]], &b = mesh_.vertices[corners[1]],
             &c = mesh_.vertices[corners[2]];
  const float u = query.hit.u, v = query.hit.v, w = 1 - u - v;
  Vec normal = (w * a.normal + u * b.normal + v * c.normal).normalized();
  const Vec face(query.hit.Ng_x, query.hit.Ng_y, query.hit.Ng_z);
  if (face.dot(direction) * face.dot(normal) > 0) normal = -normal;
  return Hit{query.ray.tfar, query.hit.primID, normal, w * a.place + u * b.place + v * c.place};
}

bool Tracer::blocked(const Vec& origin, const Vec& direction) const {
  RTCRay query = ray(origin, direction);
  occluded(index_->scene.get(), query);
  return query.tfar < 0;
}

}  // namespace streets
