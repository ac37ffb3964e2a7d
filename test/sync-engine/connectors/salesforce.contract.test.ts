import { connectorContract } from '../../support/connector-contract.ts'
import { makeSalesforceWorld } from '../../support/salesforce-world.ts'

connectorContract('Salesforce', makeSalesforceWorld)
