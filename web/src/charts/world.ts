/** A map of the world, by ISO 3166 alpha-2 codes; loaded when a map is shown. Outlines: Natural Earth (public domain), by world-atlas. */
import { MapChart } from 'echarts/charts';
import { VisualMapComponent } from 'echarts/components';
import { registerMap, use } from 'echarts/core';
import { feature } from 'topojson-client';
import atlas from 'world-atlas/countries-110m.json';
import { alpha2Of } from './country-codes.ts';

export const WORLD = 'world';

use([MapChart, VisualMapComponent]);

const countries = feature(atlas as never, atlas.objects.countries as never) as unknown as {
  features: { id?: string; properties: { name: string } }[];
};
for (const country of countries.features) country.properties.name = alpha2Of(country.id ?? '') ?? country.properties.name;
registerMap(WORLD, countries as never);
