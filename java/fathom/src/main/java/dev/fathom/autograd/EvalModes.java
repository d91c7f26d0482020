package dev.fathom.autograd;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds out whether a model has fixed a net in evaluation mode. The modes belong to the models; this only leads from a
 * net, which knows no model, to them, by references that let a forgotten model be collected. Empty in nearly every
 * process, and then it costs one read.
 */
public final class EvalModes {
    /** Whoever fixes nets in evaluation mode: the store of a model. */
    public interface Owner {
        /** Whether it runs {@code net} below {@code parent}, and has fixed it. */
        boolean fixes(Object net, @Nullable Frame parent);
    }

    private static volatile List<WeakReference<Owner>> owners = List.of();

    private EvalModes() {}

    /** Tells that some nets of a model are fixed from now on. */
    public static void add(Owner owner) {
        update(owner, true);
    }

    /** Tells that no net of the model is fixed any more. */
    public static void remove(Owner owner) {
        update(owner, false);
    }

    private static synchronized void update(Owner owner, boolean present) {
        if (!present && owners.isEmpty()) {
            return;
        }
        List<WeakReference<Owner>> others = new ArrayList<>();
        for (WeakReference<Owner> o : owners) {
            Owner other = o.get();
            if (other != null && other != owner) {
                others.add(o);
            }
        }
        if (present) {
            others.add(new WeakReference<>(owner));
        }
        owners = List.copyOf(others);
    }

    /** Whether the model that runs {@code net} below {@code parent} has fixed it. */
    static boolean fixed(Object net, @Nullable Frame parent) {
        List<WeakReference<Owner>> all = owners;
        for (int i = 0; i < all.size(); i++) { // every net that runs asks this, so no iterator is made
            Owner owner = all.get(i).get();
            if (owner != null && owner.fixes(net, parent)) {
                return true;
            }
        }
        return false;
    }
}
