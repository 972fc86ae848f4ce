using RateLimiter.Domain.Keys;

namespace RateLimiter.UnitTests.Domain.Keys;

public sealed class KeyRingTests
{
    private static readonly ClientKey Admin = New(Scopes.Admin);
    private static readonly ClientKey Check = New(Scopes.Check);
    private static readonly DateTimeOffset Later = TestData.Moment.AddMinutes(1);

    [Test]
    public void Find_ByHashOrId_GivesTheKey()
    {
        var ring = new KeyRing([Admin, Check]);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(ring.Find(Check.Hash), Is.EqualTo(Check));
            Assert.That(ring.Find(New(Scopes.Check).Hash), Is.Null);
            Assert.That(ring.TryFind(Admin.Id, TestData.Moment, out var found));
            Assert.That(found, Is.EqualTo(Admin));
            Assert.That(ring.TryFind("nobody", TestData.Moment, out _), Is.False);
        }
    }

    [Test]
    public void TryFind_Expired_IsFalse()
    {
        var ring = new KeyRing([Check with { ExpiresAt = Later }]);

        Assert.That(ring.TryFind(Check.Id, Later.AddTicks(-1), out _));
        Assert.That(ring.TryFind(Check.Id, Later, out _), Is.False);
    }

    [Test]
    public void With_AnotherKey_ClearsAwayWhatHasExpired()
    {
        var expired = New(Scopes.Check) with { ExpiresAt = TestData.Moment };

        var ring = new KeyRing([Admin, expired]).With(Check, TestData.Moment);

        Assert.That(ring.Keys, Is.EquivalentTo(new[] { Admin, Check }));
    }

    [Test]
    public void Without_AKey_LeavesTheOthers() =>
        Assert.That(
            new KeyRing([Admin, Check]).Without(Check, TestData.Moment).Keys,
            Is.EqualTo(new[] { Admin })
        );

    [Test]
    public void Replace_WithoutGrace_TheOldOneIsGone() =>
        Assert.That(
            new KeyRing([Admin]).Replace(Admin, Check, TimeSpan.Zero, TestData.Moment).Keys,
            Is.EqualTo(new[] { Check })
        );

    [TestCase(null, 60, 60)]
    [TestCase(30, 60, 30, Description = "it does not live longer than it would have")]
    [TestCase(90, 60, 60)]
    public void Replace_WithGrace_TheOldOneEndsWithIt(int? left, int grace, int expected)
    {
        var old = Admin with { ExpiresAt = left is { } s ? TestData.Moment.AddSeconds(s) : null };

        var ring = new KeyRing([old]).Replace(
            old,
            Check,
            TimeSpan.FromSeconds(grace),
            TestData.Moment
        );

        Assert.That(ring.Keys, Has.Count.EqualTo(2));
        Assert.That(
            ring.Find(old.Hash)!.ExpiresAt,
            Is.EqualTo(TestData.Moment.AddSeconds(expected))
        );
    }

    [Test]
    public void KeepsAdminOf_OnlyOneThatExpiresIsLeft_IsNoSubstituteForOneThatDoesNot()
    {
        var expiring = New(Scopes.Admin) with { ExpiresAt = Later };
        var before = new KeyRing([Admin, expiring, Check]);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                before.Without(expiring, TestData.Moment).KeepsAdminOf(before, TestData.Moment)
            );
            Assert.That(
                before.Without(Check, TestData.Moment).KeepsAdminOf(before, TestData.Moment)
            );
            Assert.That(
                before.Without(Admin, TestData.Moment).KeepsAdminOf(before, TestData.Moment),
                Is.False
            );
        }
    }

    [Test]
    public void KeepsAdminOf_OnlyThoseThatExpire_IsOneOfThem()
    {
        var (first, second) = (
            New(Scopes.Admin) with
            {
                ExpiresAt = Later,
            },
            New(Scopes.Admin) with
            {
                ExpiresAt = Later.AddDays(1),
            }
        );
        var before = new KeyRing([first, second]);

        var after = before.Without(second, TestData.Moment);
        Assert.That(after.KeepsAdminOf(before, TestData.Moment));
        Assert.That(after.KeepsAdminOf(before, Later), Is.False);
    }

    [Test]
    public void IsReplaced_InItsGrace_IsTrue()
    {
        var expiring = ClientKey.Create(
            ApiKey.Generate(TestData.Client).Key,
            "key",
            Scopes.Check,
            TestData.Moment,
            TimeSpan.FromDays(1)
        );

        Assert.That(expiring.IsReplaced, Is.False);
        Assert.That(Check.IsReplaced, Is.False);
        Assert.That((Check with { ExpiresAt = Later }).IsReplaced);
        Assert.That((expiring with { ExpiresAt = Later }).IsReplaced);
    }

    [Test]
    public void Create_AKey_ShowsItsBeginningAndNoMore()
    {
        var (secret, text) = ApiKey.Generate(TestData.Client);

        var key = ClientKey.Create(
            secret,
            "n",
            Scopes.Check,
            TestData.Moment,
            TimeSpan.FromHours(1)
        );

        using (Assert.EnterMultipleScope())
        {
            Assert.That(text, Does.StartWith(key.Prefix));
            Assert.That(key.Prefix, Has.Length.EqualTo("rl_".Length + 16 + "_".Length + 4));
            Assert.That(key.Id, Has.Length.EqualTo(ClientKey.IdLength));
            Assert.That(key.Hash, Is.EqualTo(secret.Hash));
            Assert.That(key.ExpiresAt, Is.EqualTo(TestData.Moment.AddHours(1)));
            Assert.That(key.Lifetime, Is.EqualTo(TimeSpan.FromHours(1)));
        }
    }

    private static ClientKey New(Scopes scopes) =>
        ClientKey.Create(ApiKey.Generate(TestData.Client).Key, "key", scopes, TestData.Moment);
}
