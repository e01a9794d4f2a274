/** A map of the world, by ISO 3166 alpha-2 codes; loaded when a map is shown. Outlines: Natural Earth (public domain), by world-atlas. */

import { MapChart } from 'echarts/charts';
import { VisualMapComponent } from 'echarts/components';
import { registerMap, use } from 'echarts/core';
import type { Feature, FeatureCollection, Position } from 'geojson';
import { feature } from 'topojson-client';
import atlas from 'world-atlas/countries-110m.json';
import { alpha2Of } from './country-codes.ts';

const WORLD = 'world';
/** Nobody clicks there, and it takes a quarter of the picture. */
const ANTARCTICA = '010';

use([MapChart, VisualMapComponent]);

// The package's JSON is typed by its values, not as a topology.
const topology = atlas as unknown as Parameters<typeof feature>[0];
const world = feature(topology, topology.objects.countries) as FeatureCollection;
const features = world.features.filter(({ id }) => id !== ANTARCTICA).map(asOnMap);
registerMap(WORLD, { type: 'FeatureCollection', features } as unknown as Parameters<typeof registerMap>[1]);

function asOnMap(country: Feature): Feature {
  const { geometry, id } = country;
  const properties = { name: alpha2Of(String(id)) ?? country.properties?.name };
  if (geometry.type === 'Polygon')
    return { ...country, properties, geometry: { ...geometry, coordinates: geometry.coordinates.map(inOnePiece) } };
  if (geometry.type !== 'MultiPolygon') return { ...country, properties };
  return { ...country, properties, geometry: { ...geometry, coordinates: geometry.coordinates.map((polygon) => polygon.map(inOnePiece)) } };
}

/** Land on both sides of 180° (Chukotka, Fiji) would be drawn across the whole map; it goes on eastwards instead. */
function inOnePiece(ring: Position[]): Position[] {
  const longitudes = ring.map(([longitude]) => longitude);
  if (Math.max(...longitudes) - Math.min(...longitudes) <= 180) return ring;
  return ring.map(([longitude, latitude]) => [longitude < 0 ? longitude + 360 : longitude, latitude]);
}
