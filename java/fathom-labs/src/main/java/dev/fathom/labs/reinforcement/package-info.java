/**
 * Agents that learn from rewards: deep Q-networks and policy gradients in small worlds, and tree search with networks
 * on a board.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.reinforcement;
