using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace RateLimiter.Dashboard.Sessions;

/// <summary>
/// The repository that Data Protection reads and writes synchronously: the keys that <see cref="SessionKeyManager"/> has
/// read from the store.
/// </summary>
internal sealed class SessionKeyRepository : IXmlRepository
{
    private readonly List<XElement> added = [];
    private IReadOnlyList<XElement> known = [];

    /// <summary>The keys that are in the store.</summary>
    public IReadOnlyList<XElement> Known
    {
        get => Volatile.Read(ref known);
        set => Volatile.Write(ref known, value);
    }

    public IReadOnlyCollection<XElement> GetAllElements() => Known;

    public void StoreElement(XElement element, string friendlyName) => added.Add(element);

    /// <summary>Returns the keys to be written into the store, once.</summary>
    public IReadOnlyList<XElement> TakeAdded()
    {
        IReadOnlyList<XElement> taken = [.. added];
        added.Clear();
        return taken;
    }
}
