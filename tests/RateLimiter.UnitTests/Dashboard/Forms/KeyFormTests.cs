using RateLimiter.Dashboard.Forms;
using RateLimiter.Domain.Keys;

namespace RateLimiter.UnitTests.Dashboard.Forms;

public sealed class KeyFormTests
{
    [Test]
    public void Read_ValidFields_HasNoErrors()
    {
        var form = new KeyForm { Name = "deploy", Lifetime = " 2 " };
        form.Scopes.UnionWith(["logs:read", "check"]);

        var (fields, errors) = form.Read();

        Assert.That(
            (fields.Name, fields.ToScopes(), fields.ToLifetime(), errors.Count),
            Is.EqualTo(("deploy", Scopes.Check | Scopes.LogsRead, TimeSpan.FromDays(2), 0))
        );
    }

    [Test]
    public void Read_NoLifetime_IsUnlimited()
    {
        var form = new KeyForm { Name = "deploy" };
        form.Scopes.Add("check");

        var (fields, errors) = form.Read();

        Assert.That((fields.ToLifetime(), errors.Count), Is.EqualTo(((TimeSpan?)null, 0)));
    }

    [TestCase("soon", "must be a whole number")]
    [TestCase("0", "must be from 1 to 315360000")]
    [TestCase("3651", "must be from 1 to 315360000")]
    public void Read_WrongFields_HasTheErrorOfEach(string lifetime, string error)
    {
        var form = new KeyForm { Lifetime = lifetime };

        var (_, errors) = form.Read();

        Assert.That(
            (errors["name"], errors["scopes"] is null, errors["expires_in_seconds"]),
            Is.EqualTo(("must have 1 to 100 characters", false, error))
        );
    }
}
