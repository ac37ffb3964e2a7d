import { connectorContract } from '../../support/connector-contract.ts'
import { makeHubSpotWorld } from '../../support/hubspot-world.ts'

connectorContract('HubSpot', makeHubSpotWorld)
