/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The element names that the decoder knows, as numbers. BOX: only its children matter; TEXT: its text does.
 */
#ifndef BR_ADAPTERS_DATEX2_NAMES_H
#define BR_ADAPTERS_DATEX2_NAMES_H

#include "adapters/xml.h"

#define BR_DATEX2_NAMES(BOX, TEXT)                                                                           \
    /* the envelope, versions 2 and 3 */                                                                     \
    BOX(d2LogicalModel)                                                                                      \
    BOX(D2LogicalModel)                                                                                      \
    BOX(messageContainer)                                                                                    \
    BOX(payload)                                                                                             \
    BOX(payloadPublication)                                                                                  \
    TEXT(publicationTime)                                                                                    \
    /* measured data */                                                                                      \
    BOX(siteMeasurements)                                                                                    \
    BOX(measurementSiteReference)                                                                            \
    TEXT(measurementTimeDefault)                                                                             \
    TEXT(measurementOrCalculationTime)                                                                       \
    TEXT(timeValue)                                                                                          \
    TEXT(timeMeaning)                                                                                        \
    TEXT(startOfPeriod)                                                                                      \
    TEXT(endOfPeriod)                                                                                        \
    BOX(measuredValue)                                                                                       \
    BOX(physicalQuantity)                                                                                    \
    TEXT(forecast)                                                                                           \
    BOX(basicData)                                                                                           \
    BOX(basicDataReferenceValue)                                                                             \
    TEXT(referenceValueType)                                                                                 \
    BOX(vehicleFlow)                                                                                         \
    BOX(averageVehicleSpeed)                                                                                 \
    BOX(travelTime)                                                                                          \
    BOX(freeFlowTravelTime)                                                                                  \
    BOX(travelTimeData)                                                                                      \
    TEXT(vehicleFlowRate)                                                                                    \
    TEXT(speed)                                                                                              \
    TEXT(duration)                                                                                           \
    TEXT(dataError)                                                                                          \
    /* the site table; a site is a measurementSiteRecord in version 2, a measurementSite in version 3 */     \
    BOX(measurementSiteTable)                                                                                \
    BOX(measurementSiteRecord)                                                                               \
    BOX(measurementSite)                                                                                     \
    TEXT(computationMethod)                                                                                  \
    BOX(measurementSiteName)                                                                                 \
    TEXT(value)                                                                                              \
    TEXT(measurementSiteNumberOfLanes)                                                                       \
    BOX(measurementSpecificCharacteristics)                                                                  \
    TEXT(period)                                                                                             \
    TEXT(specificLane)                                                                                       \
    TEXT(laneNumber)                                                                                         \
    TEXT(laneUsage)                                                                                          \
    TEXT(specificMeasurementValueType)                                                                       \
    BOX(specificVehicleCharacteristics)                                                                      \
    TEXT(vehicleType)                                                                                        \
    BOX(measurementSiteLocation)                                                                             \
    BOX(locationContainedInItinerary)                                                                        \
    TEXT(lengthAffected)                                                                                     \
    /* locations */                                                                                          \
    TEXT(latitude)                                                                                           \
    TEXT(longitude)                                                                                          \
    BOX(gmlLineString)                                                                                       \
    BOX(gmlLinearRing)                                                                                       \
    BOX(exterior)                                                                                            \
    TEXT(posList)                                                                                            \
    TEXT(pos)                                                                                                \
    /* situations */                                                                                         \
    BOX(situation)                                                                                           \
    BOX(situationRecord)                                                                                     \
    BOX(validity)                                                                                            \
    TEXT(validityStatus)                                                                                     \
    BOX(validityTimeSpecification)                                                                           \
    TEXT(overallStartTime)                                                                                   \
    TEXT(overallEndTime)                                                                                     \
    BOX(lifeCycleManagement)                                                                                 \
    TEXT(cancel)                                                                                             \
    TEXT(end)                                                                                                \
    BOX(impact)                                                                                              \
    BOX(delays)                                                                                              \
    TEXT(delayTimeValue)                                                                                     \
    TEXT(abnormalTrafficType)                                                                                \
    TEXT(queueLength)                                                                                        \
    BOX(groupOfLocations)                                                                                    \
    BOX(locationReference)                                                                                   \
    /* parking status: the profile of version 2, the older one, the released version 3 */                    \
    BOX(parkingStatusPublication)                                                                            \
    BOX(parkingRecordStatus)                                                                                 \
    BOX(parkingRecordReference)                                                                              \
    TEXT(parkingStatusOriginTime)                                                                            \
    TEXT(parkingOccupancy)                                                                                   \
    TEXT(parkingNumberOfSpacesOverride)                                                                      \
    TEXT(parkingNumberOfVacantSpaces)                                                                        \
    TEXT(parkingNumberOfOccupiedSpaces)                                                                      \
    TEXT(parkingSiteStatus)                                                                                  \
    TEXT(parkingSiteOpeningStatus)                                                                           \
    BOX(parkingFacilityTableStatusPublication)                                                               \
    TEXT(parkingFacilityStatus)                                                                              \
    BOX(parkingFacilityReference)                                                                            \
    TEXT(parkingFacilityStatusTime)                                                                          \
    TEXT(totalParkingCapacityOverride)                                                                       \
    TEXT(totalNumberOfVacantParkingSpaces)                                                                   \
    TEXT(totalNumberOfOccupiedParkingSpaces)                                                                 \
    BOX(parkingStatusInformation)                                                                            \
    BOX(reference)                                                                                           \
    TEXT(lastUpdated)                                                                                        \
    TEXT(openingStatus)                                                                                      \
    TEXT(occupancy)                                                                                          \
    TEXT(numberOfSpacesOverride)                                                                             \
    TEXT(numberOfVacantSpaces)                                                                               \
    TEXT(numberOfOccupiedSpaces)                                                                             \
    TEXT(status)                                                                                             \
    /* parking tables of version 2 */                                                                        \
    BOX(parkingTablePublication)                                                                             \
    BOX(parkingRecord)                                                                                       \
    BOX(parkingName)                                                                                         \
    TEXT(parkingNumberOfSpaces)                                                                              \
    TEXT(parkingLayout)                                                                                      \
    TEXT(urbanParkingSiteType)                                                                               \
    TEXT(parkingUsageScenario)                                                                               \
    BOX(parkingLocation)                                                                                     \
    BOX(parkingFacilityTablePublication)                                                                     \
    BOX(parkingFacility)                                                                                     \
    BOX(parkingFacilityName)                                                                                 \
    TEXT(parkingFacilityLayout)                                                                              \
    TEXT(totalParkingCapacity)                                                                               \
    BOX(facilityLocation)

#define BR_DATEX2_TAG(name) BR_DATEX2_##name,
enum br_datex2_tag { BR_DATEX2_OTHER, BR_DATEX2_NAMES(BR_DATEX2_TAG, BR_DATEX2_TAG) BR_DATEX2_TAG_COUNT };
#undef BR_DATEX2_TAG

#define BR_DATEX2_TAG_MAX 250
_Static_assert(BR_DATEX2_TAG_COUNT <= BR_DATEX2_TAG_MAX, "a tag is one byte in the XML reader");

extern const struct br_xml_name br_datex2_names[BR_DATEX2_TAG_COUNT];

#endif
