using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using RateLimiter.Infrastructure.Embedded;
using RateLimiter.Infrastructure.Redis.Connection;

namespace RateLimiter.UnitTests.Infrastructure.Embedded;

[TestFixture]
public sealed class EmbeddedServicesTests
{
    [TestCase(null, null, true)]
    [TestCase("REDIS_PORT", "6379", true)]
    [TestCase("REDIS_HOST", "", true)]
    [TestCase("REDIS_HOST", "redis", false)]
    [TestCase("Redis:ConnectionString", "redis:6379", false)]
    public void AddEmbedded_WithAndWithoutRedis_IsTheHostWithoutOneOnly(
        string? setting,
        string? value,
        bool isHost
    )
    {
        var configuration = new ConfigurationBuilder();
        if (setting is not null)
        {
            configuration.AddInMemoryCollection([new(setting, value)]);
        }

        var services = new ServiceCollection().AddEmbedded(configuration.Build());

        Assert.That(
            services
                .Where(service => service.ServiceType == typeof(IStoreHost))
                .Select(service => service.ImplementationType),
            Is.EqualTo(isHost ? [typeof(EmbeddedHost)] : Type.EmptyTypes)
        );
    }
}
