using RateLimiter.Domain.Clients;

namespace RateLimiter.Application.Clients;

/// <summary>Tells every instance that a client's keys or policies changed. A message may be lost.</summary>
public interface IClientChanges
{
    /// <summary>Tells the others. Never fails and does not wait.</summary>
    void Announce(ClientId client);

    /// <summary>Says whom to tell.</summary>
    /// <param name="changed">Called with the client that changed.</param>
    /// <param name="missed">Called when messages may have been lost.</param>
    void Subscribe(Action<ClientId> changed, Action missed);
}
