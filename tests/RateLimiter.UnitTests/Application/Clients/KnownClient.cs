using Moq;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Stores;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;

namespace RateLimiter.UnitTests.Application.Clients;

/// <summary>A client that a directory knows, so that it shows when the directory has forgotten it.</summary>
internal sealed class KnownClient
{
    private readonly Mock<IClientRepository> repository = new();
    private readonly (ApiKey Key, string Text) own = ApiKey.Generate(TestData.Client);

    public KnownClient()
    {
        repository
            .Setup(it =>
                it.FindAsync(
                    TestData.Client,
                    It.IsAny<long>(),
                    It.IsAny<ClientSnapshot?>(),
                    It.IsAny<CancellationToken>()
                )
            )
            .ReturnsAsync(TestData.Snapshot(TestData.Client, keys: [own.Key.Hash]));
        Directory = TestData.Directory(repository.Object);
    }

    public ClientDirectory Directory { get; }

    /// <summary>Does something with the client known before, and looks whether it is afterwards.</summary>
    public async Task<bool> IsForgottenByAsync(Func<Task> act)
    {
        await LookUpAsync();
        await act();
        await LookUpAsync();
        return repository.Invocations.Count == 2;
    }

    /// <summary>
    /// Does something with the client known before. Then the store hangs, and what is known of the client is what was done.
    /// </summary>
    public async Task<ClientSnapshot?> KnownAfterAsync(Func<Task> act)
    {
        await LookUpAsync();
        await act();
        repository
            .Setup(it =>
                it.FindAsync(
                    TestData.Client,
                    It.IsAny<long>(),
                    It.IsAny<ClientSnapshot?>(),
                    It.IsAny<CancellationToken>()
                )
            )
            .ThrowsAsync(new StoreUnavailableException("gone"));
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
