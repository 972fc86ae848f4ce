using Moq;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Stores;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;

namespace RateLimiter.UnitTests.Application.Clients;

/// <summary>A client that a directory has cached, to detect when the directory discards it.</summary>
internal sealed class KnownClient
{
    private readonly Mock<IClientRepository> repository = new();
    private readonly (ApiKey Key, string Text) own = ApiKey.Generate(TestData.Client);

    public KnownClient()
    {
        repository
            .SetupFind(TestData.Client)
            .ReturnsAsync(TestData.Snapshot(TestData.Client, keys: [own.Key.Hash]));
        Directory = TestData.Directory(repository.Object);
    }

    public ClientDirectory Directory { get; }

    /// <summary>Runs an action with the client cached, and returns whether the client was loaded again afterwards.</summary>
    public async Task<bool> IsForgottenByAsync(Func<Task> act)
    {
        await LookUpAsync();
        await act();
        await LookUpAsync();
        return repository.Invocations.Count == 2;
    }

    /// <summary>
    /// Runs an action with the client cached, and returns the cached client when the store does not answer after that.
    /// </summary>
    public async Task<ClientSnapshot?> KnownAfterAsync(Func<Task> act)
    {
        await LookUpAsync();
        await act();
        repository.SetupFind(TestData.Client).ThrowsAsync(new StoreUnavailableException("gone"));
        var caller = await Directory.FindAsync(own.Key, isForCheck: true, default);
        return caller?.Client;
    }

    private async Task LookUpAsync() =>
        Assert.That(
            Directory.TryFind(own.Key, out _)
                || await Directory.FindAsync(own.Key, isForCheck: false, CancellationToken.None)
                    is not null
        );
}
