using Microsoft.AspNetCore.DataProtection.Internal;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using RateLimiter.Application.Sessions;
using RateLimiter.Application.Stores;
using RateLimiter.Dashboard.Sessions;

namespace RateLimiter.UnitTests.Dashboard.Sessions;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SessionKeyManagerTests
{
    private readonly FakeTimeProvider time = new(DateTimeOffset.UnixEpoch.AddYears(60));
    private readonly MemorySessionKeys store = new();

    [Test]
    public async Task Prepare_EmptyStore_MakesAKeyThatIsGoodAtOnce()
    {
        var instance = Instance();

        await instance.PrepareAsync(default);

        var key = instance.GetAllKeys().Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(store.Keys, Has.Count.EqualTo(1));
            Assert.That(key.ActivationDate, Is.LessThanOrEqualTo(time.GetUtcNow()));
            Assert.That(key.ExpirationDate, Is.EqualTo(time.GetUtcNow().AddDays(90)));
        }
    }

    [Test]
    public async Task Prepare_TwoInstancesAtOnce_UseTheSameKey()
    {
        var first = Instance();
        var second = Instance();
        // Both instances have found no key before either writes one.
        store.BeforeAdd = () =>
        {
            store.BeforeAdd = null;
            return second.PrepareAsync(default).AsTask();
        };

        await first.PrepareAsync(default);

        Assert.That(store.Keys, Has.Count.EqualTo(1));
        Assert.That(Ids(first), Is.EqualTo(Ids(second)));
    }

    [Test]
    public async Task Prepare_WithinAMinute_DoesNotAskTheStore()
    {
        var instance = Instance();
        await instance.PrepareAsync(default);
        store.IsDown = true;

        await instance.PrepareAsync(default);

        Assert.That(instance.GetAllKeys(), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Prepare_StoreGoesDown_KeepsWhatIsKnown()
    {
        var instance = Instance();
        await instance.PrepareAsync(default);
        store.IsDown = true;
        time.Advance(TimeSpan.FromHours(1));

        await instance.PrepareAsync(default);

        Assert.That(instance.GetAllKeys(), Has.Count.EqualTo(1));
    }

    [Test]
    public void Prepare_StoreDownFromTheBeginning_SaysSo()
    {
        store.IsDown = true;

        Assert.That(
            async () => await Instance().PrepareAsync(default),
            Throws.TypeOf<StoreUnavailableException>()
        );
    }

    [Test]
    public async Task Prepare_KeyNearItsEnd_AddsTheNextOneThatBeginsThen()
    {
        var instance = Instance();
        await instance.PrepareAsync(default);
        var outdated = instance.GetCacheExpirationToken();
        time.Advance(TimeSpan.FromDays(84));

        await instance.PrepareAsync(default);

        var keys = instance.GetAllKeys().OrderBy(key => key.ActivationDate).ToList();
        Assert.That(keys, Has.Count.EqualTo(2));
        Assert.That(keys[1].ActivationDate, Is.EqualTo(keys[0].ExpirationDate));
        Assert.That(outdated.IsCancellationRequested, Is.True);
    }

    [Test]
    public async Task Prepare_StoreLostEverything_GivesItsKeysBack()
    {
        var instance = Instance();
        await instance.PrepareAsync(default);
        var before = store.Keys.ToList();
        store.Keys.Clear();
        time.Advance(TimeSpan.FromMinutes(2));

        await instance.PrepareAsync(default);

        Assert.That(store.Keys, Is.EqualTo(before));
    }

    private static IEnumerable<Guid> Ids(SessionKeyManager instance) =>
        instance.GetAllKeys().Select(key => key.KeyId);

    private SessionKeyManager Instance()
    {
        var repository = new SessionKeyRepository();
        var services = new ServiceCollection();
        services.AddDataProtection();
        services.Configure<KeyManagementOptions>(options => options.XmlRepository = repository);
        var provider = services.BuildServiceProvider();
        return new SessionKeyManager(
            repository,
            store,
            provider.GetRequiredService<IOptions<KeyManagementOptions>>(),
            provider.GetRequiredService<IActivator>(),
            NullLoggerFactory.Instance,
            time
        );
    }

    private sealed class MemorySessionKeys : ISessionKeys
    {
        public List<string> Keys { get; } = [];

        public bool IsDown { get; set; }

        public Func<Task>? BeforeAdd { get; set; }

        public Task<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken) =>
            IsDown
                ? throw new StoreUnavailableException("down")
                : Task.FromResult<IReadOnlyList<string>>([.. Keys]);

        public async Task<bool> TryAddAsync(
            IReadOnlyList<string> keys,
            int known,
            CancellationToken cancellationToken
        )
        {
            await (BeforeAdd?.Invoke() ?? Task.CompletedTask);
            if (Keys.Count != known)
            {
                return false;
            }

            Keys.AddRange(keys);
            return true;
        }
    }
}
