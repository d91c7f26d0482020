package dev.fathom.tensor;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds out whether a model has fixed a net in evaluation mode. The modes belong to the models' {@link Store}s; this only leads from a net, which
 * knows no model, to them, by references that let a forgotten model be collected. Empty in nearly every process, and then it costs one read.
 */
final class EvalModes {
    private static volatile List<WeakReference<Store>> stores = List.of();

    private EvalModes() {}

    /** Tells that some nets of a model are fixed from now on. */
    static void add(Store store) {
        update(store, true);
    }

    /** Tells that none of them is. */
    static void remove(Store store) {
        update(store, false);
    }

    private static synchronized void update(Store store, boolean present) {
        if (!present && stores.isEmpty()) {
            return;
        }
        List<WeakReference<Store>> others = new ArrayList<>();
        for (WeakReference<Store> s : stores) {
            Store other = s.get();
            if (other != null && other != store) {
                others.add(s);
            }
        }
        if (present) {
            others.add(new WeakReference<>(store));
        }
        stores = List.copyOf(others);
    }

    /** Whether the model that runs {@code net} below {@code parent} has fixed it. */
    static boolean fixes(Object net, @Nullable Frame parent) {
        List<WeakReference<Store>> all = stores;
        for (int i = 0; i < all.size(); i++) { // every net that runs asks this, so no iterator is made
            Store store = all.get(i).get();
            if (store != null && store.evaluating().contains(net)) {
                Store runs = running(net, parent);
                if (runs == null || runs == store) {
                    return true;
                }
            }
        }
        return false;
    }

    /**
     * The store of the model that runs a net, as the values of the net, or of the nearest one around it that has any, tell: two models may share
     * a net without values, such as a dropout. Null where no net has values.
     */
    private static @Nullable Store running(Object net, @Nullable Frame parent) {
        Object at = net;
        for (Frame f = parent; ; f = f.parent) {
            for (Structure.Named n : Structure.walk(at)) {
                if (n.value() instanceof Variable h && h.bound()) {
                    return h.store();
                }
            }
            if (f == null) {
                return null;
            }
            at = f.net;
        }
    }
}
