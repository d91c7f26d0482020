package dev.fathom.pretrained;

import dev.fathom.nn.Net;

/**
 * An encoder with the head of a task. A head that says something of whole texts reads one vector for each of them,
 * which {@link TextBatch#pooled} gives; others read the vectors of all tokens.
 */
public record Headed(TextEncoder encoder, Head head) implements Net {}
