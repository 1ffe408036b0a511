import type { StateMachineDefinition } from 'aws-local-stepfunctions';
import { COMMON, type MapState, mapState } from './distributed-map/map-state.ts';

/** A flow with a task in the place of each Distributed Map, and the maps by the names of their states. */
export type SplitFlow = {
  readonly definition: StateMachineDefinition;
  readonly maps: ReadonlyMap<string, MapState>;
};

export function withoutMaps(flow: StateMachineDefinition): SplitFlow {
  const maps = new Map<string, MapState>();
  const States = Object.fromEntries(
    Object.entries(flow.States).map(([name, state]) => {
      if (state.Type !== 'Map') return [name, state];
      const fields = Object.entries(state);
      maps.set(name, mapState.parse(Object.fromEntries(fields.filter(([field]) => !COMMON.includes(field)))));
      const common = Object.fromEntries(fields.filter(([field]) => COMMON.includes(field)));
      return [name, { ...common, Type: 'Task', Resource: `${LAMBDA}${name}` }];
    }),
  );
  return { definition: { ...flow, States } as StateMachineDefinition, maps }; // each state is one of the flow's, or such a task
}

/** The flow of a map's children. */
export function childOf({ ItemProcessor }: MapState): StateMachineDefinition {
  const { ProcessorConfig: _, ...child } = ItemProcessor;
  return child as StateMachineDefinition; // what is left of an ItemProcessor is a flow of its own
}

/** Each task state that runs a function, with the function's name: an ARN of Lambda tells it. */
export function functionsIn({
  States,
}: Pick<StateMachineDefinition, 'States'>): [state: string, name: string][] {
  return Object.entries(States).flatMap(([name, state]): [string, string][] => {
    if (state.Type === 'Map' && state.ItemProcessor) return functionsIn(state.ItemProcessor);
    if (state.Type !== 'Task' || !state.Resource.startsWith(LAMBDA)) return [];
    return [[name, state.Resource.slice(LAMBDA.length)]];
  });
}

const LAMBDA = 'arn:aws:lambda:us-east-1:000000000000:function:';
