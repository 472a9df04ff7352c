#include "streets/tracer.hpp"

#if __has_include(<embree4/rtcore.h>)
#include <embree4/rtcore.h>
#else
#include <embree3/rtcore.h>
#endif

#include <cstring>
#include <stdexcept>

namespace streets {
namespace {

constexpr float kLeast = 1e-3F;  // so that a ray leaves the surface it starts on

RTCRay ray(const Vec& origin, const Vec& direction, float reach) {
  RTCRay ray{};
  ray.org_x = origin.x();
  ray.org_y = origin.y();
  ray.org_z = origin.z();
  ray.dir_x = direction.x();
  ray.dir_y = direction.y();
  ray.dir_z = direction.z();
  ray.tnear = kLeast;
  ray.tfar = reach;
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

}  // namespace

struct Tracer::Index {
  RTCDevice device = rtcNewDevice("threads=1");
  RTCScene scene = device == nullptr ? nullptr : rtcNewScene(device);

  explicit Index(const Mesh& mesh) {
    if (device == nullptr) throw std::runtime_error("Embree cannot start on this processor");
    const auto geometry = rtcNewGeometry(device, RTC_GEOMETRY_TYPE_TRIANGLE);
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
    rtcAttachGeometry(scene, geometry);
    rtcReleaseGeometry(geometry);
    rtcCommitScene(scene);
    if (rtcGetDeviceError(device) != RTC_ERROR_NONE)
      throw std::runtime_error("Embree: the scene cannot be indexed");
  }
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;
  ~Index() {
    rtcReleaseScene(scene);
    rtcReleaseDevice(device);
  }
};

Tracer::Tracer(const Mesh& mesh) : mesh_(mesh), index_(std::make_shared<const Index>(mesh)) {}

std::optional<Hit> Tracer::first(const Vec& origin, const Vec& direction) const {
  RTCRayHit query{};
  query.ray = ray(origin, direction, std::numeric_limits<float>::infinity());
  query.hit.geomID = RTC_INVALID_GEOMETRY_ID;
  intersect(index_->scene, query);
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

bool Tracer::blocked(const Vec& origin, const Vec& direction, float reach) const {
  RTCRay query = ray(origin, direction, reach);
  occluded(index_->scene, query);
  return query.tfar < 0;
}

}  // namespace streets
