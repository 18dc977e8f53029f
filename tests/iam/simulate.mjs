// Evaluates simulations of IAM requests: a JSON array of them on standard input, an array of results on standard output.
// A simulation: https://github.com/cloud-copilot/iam-simulate (src/simulation_engine/simulation.ts).
// A result: 'Allowed', 'ImplicitlyDenied', 'ExplicitlyDenied', or what is wrong with the simulation.

import { text } from 'node:stream/consumers'

import { runSimulation } from '@cloud-copilot/iam-simulate'

const simulations = JSON.parse(await text(process.stdin))
const results = []
for (const simulation of simulations) {
  const answer = await runSimulation(simulation, {})
  const ignored = answer.result?.ignoredContextKeys ?? []
  if (answer.resultType === 'error') {
    results.push(`error: ${JSON.stringify(answer.errors)}`)
  } else if (ignored.length > 0) {
    results.push(`error: the action knows no context keys ${ignored.join(', ')}`)
  } else {
    results.push(answer.overallResult)
  }
}
process.stdout.write(JSON.stringify(results))
