using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Keys;
using RateLimiter.Application.Quotas;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Keys;
using RateLimiter.UnitTests.Application.Clients;

namespace RateLimiter.UnitTests.Application.Keys;

/// <summary>Creating, rotating and deleting keys, on a repository of one client.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class KeyHandlerTests
{
    private const int MaxKeys = 3;

    private static readonly DateTimeOffset Later = TestData.Moment.AddHours(1);

    private readonly KnownClient known = new();
    private readonly Repository keys = new();
    private readonly StoreRoom room = new();
    private readonly IOptions<QuotaOptions> quotas = Options.Create(
        new QuotaOptions { MaxKeys = MaxKeys }
    );

    [Test]
    public async Task Create_AKey_IsKeptWithItsHash()
    {
        var made = (KeyMade)(await CreateAsync(Admin(), Scopes.Check, TimeSpan.FromDays(1)))!;

        Assert.That(ApiKey.TryParse(made.Text, out var key));
        var kept = keys.Ring.Find(key!.Hash);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(kept, Is.EqualTo(made.Key));
            Assert.That(key.Client, Is.EqualTo(TestData.Client));
            Assert.That(kept!.Name, Is.EqualTo("new"));
            Assert.That(kept.Scopes, Is.EqualTo(Scopes.Check));
            Assert.That(kept.CreatedAt, Is.EqualTo(Later));
            Assert.That(kept.ExpiresAt, Is.EqualTo(Later.AddDays(1)));
        }
    }

    [Test]
    public async Task AnyChange_StoreIsFull_IsRefusedWhereThereWouldBeMoreKeys()
    {
        var caller = Admin();
        var other = keys.Add(Scopes.Check);
        room.Note(full: true);

        Assert.That(() => CreateAsync(caller, Scopes.Check), Throws.TypeOf<StoreFullException>());
        Assert.That(
            () => RotateAsync(caller, TimeSpan.FromMinutes(1)),
            Throws.TypeOf<StoreFullException>()
        );
        Assert.That(keys.Audit, Is.Null);
        Assert.That(await DeleteAsync(caller, other.Id), Is.TypeOf<KeyDeleted>());
        Assert.That(await RotateAsync(caller, TimeSpan.Zero), Is.TypeOf<KeyMade>());
    }

    [Test]
    public async Task Create_ForMoreThanTheOwnKey_IsRefused() =>
        Assert.That(
            await CreateAsync(Holder(Scopes.KeysWrite | Scopes.Check), Scopes.LogsRead),
            Is.TypeOf<ExceedsCallerScope>()
        );

    [Test]
    public async Task Create_ForLongerThanTheOwnKey_IsRefused()
    {
        var own = Holder(Scopes.Admin, TimeSpan.FromHours(2));

        Assert.That(await CreateAsync(own, Scopes.Check), Is.TypeOf<ExceedsCallerScope>());
        Assert.That(
            await CreateAsync(own, Scopes.Check, TimeSpan.FromMinutes(61)),
            Is.TypeOf<ExceedsCallerScope>()
        );
        Assert.That(
            await CreateAsync(own, Scopes.Check, TimeSpan.FromMinutes(60)),
            Is.TypeOf<KeyMade>()
        );
    }

    [Test]
    public async Task Change_WithAKeyThatIsRevokedByNow_IsNullAndChangesNothing()
    {
        var revoked = Holder(Scopes.Admin);
        var other = Admin();
        keys.Remove(revoked.Key);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(await CreateAsync(revoked, Scopes.Admin), Is.Null);
            Assert.That(await DeleteAsync(revoked, other.Key.Id), Is.Null);
            Assert.That(await RotateAsync(revoked, TimeSpan.Zero), Is.Null);
            Assert.That(keys.Ring.Keys, Is.EqualTo(new[] { other.Key }));
        }
    }

    [Test]
    public async Task Rotate_SavedWithoutAnAnswer_GivesTheKeyAllTheSame()
    {
        var own = Admin();
        keys.LosesAnswers = true;

        var made = (KeyMade)(await RotateAsync(own, TimeSpan.Zero))!;

        Assert.That(keys.Ring.Keys, Is.EqualTo(new[] { made.Key }));
    }

    [Test]
    public async Task Create_OneTooMany_IsRefusedUntilOneHasExpired()
    {
        var admin = Admin();
        await CreateAsync(admin, Scopes.Check);
        keys.Add(Scopes.Check, expiresAt: Later);

        Assert.That(keys.Ring.Keys, Has.Count.EqualTo(MaxKeys));
        Assert.That(await CreateAsync(admin, Scopes.Check), Is.TypeOf<KeyMade>());
        Assert.That(await CreateAsync(admin, Scopes.Check), Is.EqualTo(new TooManyKeys(MaxKeys)));
    }

    [Test]
    public async Task Create_SomebodyElseChangedInBetween_BuildsOnWhatHeDid()
    {
        var admin = Admin();
        ClientKey? other = null;
        keys.BeforeSave = () => other = keys.Add(Scopes.LogsRead);

        var made = (KeyMade)(await CreateAsync(admin, Scopes.Check))!;

        Assert.That(keys.Ring.Keys, Is.EquivalentTo(new[] { admin.Key, other, made.Key }));
    }

    [Test]
    public async Task Create_OthersKeepChangingTheKeys_GivesUpAndSavesNothing()
    {
        var admin = Admin();
        ClientKey? other = null;
        void Intervene()
        {
            if (other is not null)
            {
                keys.Remove(other);
            }

            other = keys.Add(Scopes.LogsRead);
            keys.BeforeSave = Intervene;
        }
        Intervene();

        Assert.That(await CreateAsync(admin, Scopes.Check), Is.InstanceOf<KeysContended>());
        Assert.That(keys.Audit, Is.Null);
    }

    [Test]
    public async Task Create_TheClientIsGone_IsNull()
    {
        var admin = Admin();
        keys.IsGone = true;

        Assert.That(await CreateAsync(admin, Scopes.Check), Is.Null);
    }

    [Test]
    public async Task Create_WithoutAnAnswer_ThrowsAndStillForgetsTheClient()
    {
        var admin = Admin();
        keys.Fails = true;

        var isForgotten = await known.IsForgottenByAsync(() =>
        {
            Assert.That(
                () => CreateAsync(admin, Scopes.Check),
                Throws.TypeOf<StoreUnavailableException>()
            );
            return Task.CompletedTask;
        });

        Assert.That(isForgotten);
    }

    [Test]
    public async Task Change_DoneAndTheStoreHangsThen_IsWhatThisInstanceKnows(
        [Values] bool isAnswered
    )
    {
        var admin = Admin();
        KeyMade first = null!;
        KeyMade second = null!;
        KeyMade rotated = null!;
        keys.LosesAnswers = !isAnswered;

        var client = await known.KnownAfterAsync(async () =>
        {
            first = (KeyMade)(await CreateAsync(admin, Scopes.Check))!;
            second = (KeyMade)(await CreateAsync(admin, Scopes.Check))!;
            await DeleteAsync(admin, first.Key.Id);
            rotated = (KeyMade)
                (
                    await RotateAsync(
                        TestData.Caller(admin.Client) with
                        {
                            Key = second.Key,
                        },
                        TimeSpan.Zero
                    )
                )!;
        });

        Assert.That(client!.Keys.Find(first.Key.Hash), Is.Null);
        Assert.That(client.Keys.Find(second.Key.Hash), Is.Null);
        Assert.That(client.Keys.Find(rotated.Key.Hash), Is.EqualTo(rotated.Key));
    }

    [Test]
    public async Task Rotate_AKey_GivesAnotherOfTheSameKind()
    {
        var own = Holder(Scopes.KeysWrite | Scopes.Check, TimeSpan.FromDays(90));

        var made = (KeyMade)(await RotateAsync(own, TimeSpan.Zero))!;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(keys.Ring.Find(own.Key.Hash), Is.Null);
            Assert.That(made.Key.Scopes, Is.EqualTo(own.Key.Scopes));
            Assert.That(made.Key.Name, Is.EqualTo(own.Key.Name));
            Assert.That(made.Key.ExpiresAt, Is.EqualTo(Later.AddDays(90)));
        }
    }

    [Test]
    public async Task Rotate_InItsGraceOnceMore_IsRefused()
    {
        var own = Holder(Scopes.Admin);
        await RotateAsync(own, TimeSpan.FromMinutes(1));

        Assert.That(await RotateAsync(own, TimeSpan.Zero), Is.TypeOf<KeyReplaced>());
    }

    [Test]
    public async Task Rotate_MoreKeysThanTheQuotaByNow_IsDoneWithoutGrace()
    {
        var own = Holder(Scopes.Admin);
        for (var i = 0; i < MaxKeys; i++)
        {
            keys.Add(Scopes.Check);
        }

        Assert.That(await RotateAsync(own, TimeSpan.Zero), Is.TypeOf<KeyMade>());
    }

    [Test]
    public async Task Rotate_AKeyThatIsGoneByNow_IsNull()
    {
        var own = Holder(Scopes.Admin);
        await RotateAsync(own, TimeSpan.Zero);

        Assert.That(await RotateAsync(own, TimeSpan.Zero), Is.Null);
        Assert.That(keys.Ring.Keys, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Rotate_WithGraceAndNoRoomForBoth_IsRefused()
    {
        var own = Holder(Scopes.Admin);
        keys.Add(Scopes.Check);
        keys.Add(Scopes.Check);

        Assert.That(
            await RotateAsync(own, TimeSpan.FromMinutes(1)),
            Is.EqualTo(new TooManyKeys(MaxKeys))
        );
        Assert.That(await RotateAsync(own, TimeSpan.Zero), Is.TypeOf<KeyMade>());
    }

    [Test]
    public async Task Delete_AKey_IsGone()
    {
        var admin = Admin();
        var other = keys.Add(Scopes.Check);

        Assert.That(await DeleteAsync(admin, other.Id), Is.TypeOf<KeyDeleted>());
        Assert.That(keys.Ring.Keys, Is.EqualTo(new[] { admin.Key }));
    }

    [Test]
    public async Task Delete_TheLastAdminKey_IsRefused()
    {
        var admin = Admin();
        keys.Add(Scopes.Check);
        keys.Add(Scopes.Admin, expiresAt: Later);

        Assert.That(await DeleteAsync(admin, admin.Key.Id), Is.TypeOf<LastAdminKey>());
        keys.Add(Scopes.Admin);
        Assert.That(await DeleteAsync(admin, admin.Key.Id), Is.TypeOf<KeyDeleted>());
    }

    [Test]
    public async Task Delete_TwoAdminKeysAtOnceByEachOther_OneStays()
    {
        var first = Admin();
        var second = new AuthenticatedCaller(first.Client, keys.Add(Scopes.Admin));
        keys.BeforeSave = () => keys.Remove(first.Key);

        Assert.That(await DeleteAsync(first, second.Key.Id), Is.Null);
        Assert.That(keys.Ring.Keys, Is.EqualTo(new[] { second.Key }));
    }

    [Test]
    public async Task Delete_AKeyForMoreThanTheOwn_IsRefused()
    {
        var admin = Admin();
        var own = Holder(Scopes.KeysWrite);

        Assert.That(await DeleteAsync(own, admin.Key.Id), Is.TypeOf<ExceedsCallerScope>());
    }

    [Test]
    public async Task Delete_AnotherKeyWhereNoAdminIsLeft_IsGone()
    {
        var own = Holder(Scopes.KeysWrite | Scopes.Check);
        var leaked = keys.Add(Scopes.Check);

        Assert.That(await DeleteAsync(own, leaked.Id), Is.TypeOf<KeyDeleted>());
    }

    [Test]
    public async Task Delete_WhatIsNoneOrHasExpired_IsNotFound()
    {
        var admin = Admin();
        var expired = keys.Add(Scopes.Check, expiresAt: Later);

        Assert.That(await DeleteAsync(admin, "none"), Is.TypeOf<KeyNotFound>());
        Assert.That(await DeleteAsync(admin, expired.Id), Is.TypeOf<KeyNotFound>());
    }

    [Test]
    public async Task Create_AKey_IsNotedWithIt()
    {
        var made = (KeyMade)(await CreateAsync(Admin(), Scopes.Check))!;

        Assert.That(
            keys.Audit,
            Is.EqualTo(
                new AuditRecord(
                    AuditAction.KeyCreated,
                    Later,
                    TestData.Actor,
                    Before: null,
                    AuditedKey.Of(made.Key)
                )
            )
        );
    }

    [Test]
    public async Task Rotate_AKey_IsNotedWithBoth()
    {
        var own = Admin();

        var made = (KeyMade)(await RotateAsync(own, TimeSpan.Zero))!;

        Assert.That(
            keys.Audit,
            Is.EqualTo(
                new AuditRecord(
                    AuditAction.KeyRotated,
                    Later,
                    TestData.Actor,
                    AuditedKey.Of(own.Key),
                    AuditedKey.Of(made.Key)
                )
            )
        );
    }

    [Test]
    public async Task Delete_AKey_IsNotedWithIt()
    {
        var admin = Admin();
        var other = keys.Add(Scopes.Check);

        await DeleteAsync(admin, other.Id);

        Assert.That(
            keys.Audit,
            Is.EqualTo(
                new AuditRecord(
                    AuditAction.KeyDeleted,
                    Later,
                    TestData.Actor,
                    AuditedKey.Of(other),
                    After: null
                )
            )
        );
    }

    private AuthenticatedCaller Admin() => Holder(Scopes.Admin);

    private AuthenticatedCaller Holder(Scopes scopes, TimeSpan? lifetime = null) =>
        new(TestData.Snapshot(TestData.Client), keys.Add(scopes, lifetime: lifetime));

    private Task<KeyOutcome?> CreateAsync(
        AuthenticatedCaller caller,
        Scopes scopes,
        TimeSpan? lifetime = null
    ) =>
        new CreateKeyHandler(Rings(), quotas).Handle(
            new CreateKeyCommand(caller, "new", scopes, lifetime, TestData.Actor),
            default
        );

    private Task<KeyOutcome?> RotateAsync(AuthenticatedCaller caller, TimeSpan grace) =>
        new RotateKeyHandler(Rings(), quotas).Handle(
            new RotateKeyCommand(caller, grace, TestData.Actor),
            default
        );

    private Task<KeyOutcome?> DeleteAsync(AuthenticatedCaller caller, string id) =>
        new DeleteKeyHandler(Rings()).Handle(
            new DeleteKeyCommand(caller, id, TestData.Actor),
            default
        );

    private KeyWriter Rings() => new(keys, known.Directory, room, new FakeTimeProvider(Later));

    /// <summary>The keys of one client.</summary>
    private sealed class Repository : IKeyRepository
    {
        private long version = 1;

        public KeyRing Ring { get; private set; } = new([]);

        /// <summary>The audit entry of the last save.</summary>
        public AuditRecord? Audit { get; private set; }

        public bool IsGone { get; set; }

        public bool Fails { get; set; }

        /// <summary>Whether saves succeed, but the reply is lost.</summary>
        public bool LosesAnswers { get; set; }

        /// <summary>What another request does before the next save arrives.</summary>
        public Action? BeforeSave { get; set; }

        public ClientKey Add(
            Scopes scopes,
            DateTimeOffset? expiresAt = null,
            TimeSpan? lifetime = null
        )
        {
            var key = ClientKey.Create(
                ApiKey.Generate(TestData.Client).Key,
                "key",
                scopes,
                TestData.Moment,
                lifetime
            );
            key = key with { ExpiresAt = expiresAt ?? key.ExpiresAt };
            (Ring, version) = (new KeyRing([.. Ring.Keys, key]), version + 1);
            return key;
        }

        public void Remove(ClientKey key) =>
            (Ring, version) = (new KeyRing(Ring.Keys.Where(it => it != key)), version + 1);

        public Task<(long Version, KeyRing Keys)?> FindAsync(
            ClientId client,
            CancellationToken cancellationToken
        ) =>
            Fails
                ? throw new StoreUnavailableException("gone")
                : Task.FromResult<(long, KeyRing)?>(IsGone ? null : (version, Ring));

        public Task<long?> TrySaveAsync(
            ClientId client,
            long version,
            KeyRing before,
            KeyRing after,
            AuditRecord audit,
            CancellationToken cancellationToken
        )
        {
            var intervene = BeforeSave;
            BeforeSave = null;
            intervene?.Invoke();
            if (version != this.version)
            {
                return Task.FromResult<long?>(null);
            }

            (Ring, this.version) = (after, version + 1);
            Audit = audit;
            if (LosesAnswers)
            {
                throw new StoreUnavailableException("lost");
            }

            return Task.FromResult<long?>(this.version);
        }

        public Task<IReadOnlyDictionary<KeyHash, long>> FindUsesAsync(
            ClientId client,
            CancellationToken cancellationToken
        ) => throw new NotSupportedException();

        public Task SaveUsesAsync(
            ClientId client,
            IReadOnlyDictionary<KeyHash, long> uses,
            CancellationToken cancellationToken
        ) => throw new NotSupportedException();
    }
}
