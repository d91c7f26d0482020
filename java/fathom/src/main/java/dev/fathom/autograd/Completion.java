package dev.fathom.autograd;

import java.util.List;

/** Is told which leaves a backward has passed, so that their gradients can be used while it goes on. */
public interface Completion {
    /** Tells, before anything is computed, which leaves the backward may write to. */
    void begin(List<Leaf> leaves);

    /** Tells of one of them whose gradient this backward does not change any more. */
    void complete(Leaf leaf);
}
