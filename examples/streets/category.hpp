#pragma once

#include <cstdint>

namespace streets {

/// What a surface shows, by its Cityscapes label id.
enum class Category : std::uint8_t {
  kEgoVehicle = 1,  ///< the camera's own bonnet: not one of the 19
  kRoad = 7,
  kSidewalk = 8,
  kBuilding = 11,
  kWall = 12,
  kFence = 13,
  kPole = 17,
  kTrafficLight = 19,
  kTrafficSign = 20,
  kVegetation = 21,
  kTerrain = 22,
  kSky = 23,
  kPerson = 24,
  kRider = 25,
  kCar = 26,
  kTruck = 27,
  kBus = 28,
  kTrain = 31,
  kMotorcycle = 32,
  kBicycle = 33,
};

}  // namespace streets
