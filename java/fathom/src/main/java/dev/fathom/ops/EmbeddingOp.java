package dev.fathom.ops;

import org.jspecify.annotations.Nullable;

/**
 * y [.., dim] = rows of W [vocabulary, dim] that the I32 tokens [..] name. Where a token is {@code padding}, no
 * gradient flows to its row.
 *
 * @param padding a token, or {@link #NO_PADDING}
 */
public record EmbeddingOp(long padding) implements RowsOp {
    public static EmbeddingOp of(@Nullable Integer padding) {
        return new EmbeddingOp(padding == null ? NO_PADDING : padding);
    }
}
