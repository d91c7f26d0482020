package dev.fathom.labs.pairs;

import dev.fathom.data.Field;
import dev.fathom.experiments.data.CaptionedShapes;
import dev.fathom.experiments.data.Thing;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Tensor;

/**
 * The logits of the forms of both things of a picture [n, 2, forms], the upper or left one first, from a code of all
 * its cells.
 *
 * @param code from the cells [n, {@value Cells#COUNT}, width] to [n, {@value #CODE}]
 */
record Forms(Linear code, Linear names) implements Layer {
    /** The width of the code. */
    static final int CODE = 96;

    private static final int CLASSES = Thing.Form.values().length;

    Forms(int width) {
        this(new Linear(Cells.COUNT * width, CODE).act(Activation.RELU), new Linear(CODE, 2 * CLASSES));
    }

    /** The code of all cells. */
    Tensor code(Tensor cells) {
        return code.apply(cells.flatten(1));
    }

    /** The logits from a code. */
    Tensor named(Tensor codes) {
        return names.apply(codes).reshape(codes.dim(0), 2, CLASSES);
    }

    @Override
    public Tensor forward(Tensor cells) {
        return named(code(cells));
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
