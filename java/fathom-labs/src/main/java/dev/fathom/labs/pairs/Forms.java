package dev.fathom.labs.pairs;

import dev.fathom.data.Field;
import dev.fathom.labs.data.CaptionedShapes;
import dev.fathom.labs.data.Thing;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Inline;

/** The logits of the forms of both things of a picture [n, 2, forms], the upper or left one first, from its cells [n, {@value Cells#COUNT}, width]. */
record Forms(@Inline Linear linear) implements Layer {
    private static final int CLASSES = Thing.Form.values().length;

    Forms(int width) {
        this(new Linear(Cells.COUNT * width, 2 * CLASSES));
    }

    @Override
    public Tensor forward(Tensor cells) {
        return linear.apply(cells.flatten(1)).reshape(cells.dim(0), 2, CLASSES);
    }

    /** The true forms as the field {@code forms}. */
    static Field field(CaptionedShapes shapes) {
        int[] forms = shapes.scenes().stream()
                .flatMap(scene -> scene.things().stream())
                .mapToInt(thing -> thing.form().ordinal())
                .toArray();
        return Field.ints("forms", Shape.of(2), forms);
    }
}
