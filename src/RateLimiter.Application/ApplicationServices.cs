using MediatR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Analytics;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Keys;
using RateLimiter.Application.Logs;
using RateLimiter.Application.Policies;
using RateLimiter.Application.Quotas;
using RateLimiter.Application.Telemetry;
using RateLimiter.Domain.Policies;
using RateLimiter.Application.Stores;
using RateLimiter.Application.Configuration;
using RateLimiter.Application.Registration;

namespace RateLimiter.Application;

public static class ApplicationServices
{
    /// <summary>
    /// Adds MediatR, every request handler of this assembly, and the client directory. MediatR 5.1 comes without a
    /// registration of its own. Handlers keep no state, so that one of each serves all requests.
    /// </summary>
    public static IServiceCollection AddApplication(this IServiceCollection services)
    {
        services.AddSingleton<ServiceFactory>(provider => provider.GetRequiredService);
        services.AddSingleton<IMediator, TracingMediator>();

        foreach (var handler in typeof(ApplicationServices).Assembly.GetTypes())
        {
            foreach (var contract in handler.GetInterfaces().Where(IsRequestHandler))
            {
                services.AddSingleton(contract, handler);
            }
        }

        services.AddSingleton<ClientDirectory>();
        services.AddSingleton<ClientDeletions>();
        services.AddHostedService(provider => provider.GetRequiredService<ClientDeletions>());
        services.AddSingleton<Authenticator>();
        services.AddSingleton<FailedAuthentications>();
        services.AddSingleton<PolicyWriter>();
        services.AddSingleton<KeyWriter>();
        services.AddSingleton<KeyUses>();
        services.AddHostedService(provider => provider.GetRequiredService<KeyUses>());
        services.AddSingleton<CheckQuota>();
        services.AddSingleton<AdministrativeRate>();
        services.AddSingleton<StoreRoom>();
        services.AddSingleton<StoreFallback>();
        services.AddHostedService(provider => provider.GetRequiredService<StoreFallback>());
        services.AddSingleton<LocalCounters>();
        services.AddSingleton<DecisionMetrics>();
        services.AddSingleton<DecisionFollowers>();
        services.AddSingleton<StreamLoad>();
        services.AddHostedService<ApplicationMetrics>();
        services.AddOptionsOfApplication();
        return services;
    }

    private static void AddOptionsOfApplication(this IServiceCollection services)
    {
        services
            .AddOptions<StoreOptions>()
            .BindConfiguration(StoreOptions.Section)
            .MustBeWithin("Store:TimeoutMs", it => it.TimeoutMs, 1, StoreOptions.MaxTimeoutMs)
            .Validate(
                options => Enum.IsDefined(options.OnFailure),
                "Store:OnFailure must be deny, allow or local."
            )
            .ValidateOnStart();
        services
            .AddOptions<ClientOptions>()
            .BindConfiguration(ClientOptions.Section)
            .MustBeWithin(
                "Clients:MaxCachedBytes",
                it => it.MaxCachedBytes,
                ClientOptions.MinCachedBytes,
                ClientOptions.MaxMaxCachedBytes
            )
            .ValidateOnStart();
        services
            .AddOptions<RegistrationOptions>()
            .BindConfiguration(RegistrationOptions.Section)
            .MustBeWithin(
                "Registration:PermitLimit",
                it => it.PermitLimit,
                0,
                Limit.MaxPermits,
                IsRegistrationUsed
            )
            .MustBeWithin(
                "Registration:WindowSeconds",
                it => it.WindowSeconds,
                1,
                Limit.MaxWindowSeconds,
                IsRegistrationUsed
            )
            .ValidateOnStart();
        services.AddSingleton<
            IValidateOptions<RegistrationOptions>,
            RegistrationOptionsValidator
        >();
        services
            .AddOptions<AuthenticationOptions>()
            .BindConfiguration(AuthenticationOptions.Section)
            .MustBeWithin("Authentication:FailureLimit", it => it.FailureLimit, 1, Limit.MaxPermits)
            .MustBeWithin(
                "Authentication:FailureWindowSeconds",
                it => it.FailureWindowSeconds,
                1,
                Limit.MaxWindowSeconds
            )
            .ValidateOnStart();
        services
            .AddOptions<AnalyticsOptions>()
            .BindConfiguration(AnalyticsOptions.Section)
            .MustBeWithin(
                "Analytics:MinuteRetentionHours",
                it => it.MinuteRetentionHours,
                1,
                AnalyticsOptions.MaxMinuteRetentionHours
            )
            .MustBeWithin(
                "Analytics:HourRetentionDays",
                it => it.HourRetentionDays,
                1,
                AnalyticsOptions.MaxHourRetentionDays
            )
            .MustBeWithin(
                "Analytics:UserRetentionDays",
                it => it.UserRetentionDays,
                1,
                AnalyticsOptions.MaxUserRetentionDays
            )
            .ValidateOnStart();
        services
            .AddOptions<QuotaOptions>()
            .BindConfiguration(QuotaOptions.Section)
            .MustBeWithin("Quotas:MaxPolicies", it => it.MaxPolicies, 1, 1_000_000)
            .MustBeWithin("Quotas:MaxPolicyBytes", it => it.MaxPolicyBytes, 1024, 1 << 30)
            .MustBeWithin("Quotas:MaxHistoryBytes", it => it.MaxHistoryBytes, 1024, 1 << 30)
            .MustBeWithin("Quotas:MaxKeys", it => it.MaxKeys, 1, 10_000)
            .MustBeWithin(
                "Quotas:MaxWindowSeconds",
                it => it.MaxWindowSeconds,
                1,
                Limit.MaxWindowSeconds
            )
            .MustBeWithin("Quotas:ChecksPerSecond", it => it.ChecksPerSecond, 0, Limit.MaxPermits)
            .MustBeWithin(
                "Quotas:AdministrativeCallsPerSecond",
                it => it.AdministrativeCallsPerSecond,
                0,
                Limit.MaxPermits
            )
            .MustBeWithin(
                "Quotas:AdministrativeBurst",
                it => it.AdministrativeBurst,
                1,
                Limit.MaxPermits
            )
            .ValidateOnStart();
        services
            .AddOptions<StreamOptions>()
            .BindConfiguration(StreamOptions.Section)
            .MustBeWithin("Streams:MaxPerClient", it => it.MaxPerClient, 0, 100_000)
            .MustBeWithin("Streams:MaxPerInstance", it => it.MaxPerInstance, 0, 100_000)
            .MustBeWithin("Streams:EventsPerSecond", it => it.EventsPerSecond, 1, 1_000_000)
            .MustBeWithin(
                "Streams:EventsPerSecondPerInstance",
                it => it.EventsPerSecondPerInstance,
                1,
                100_000_000
            )
            .ValidateOnStart();
        services
            .AddOptions<MetricsOptions>()
            .BindConfiguration(MetricsOptions.Section)
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<MetricsOptions>, MetricsOptionsValidator>();
    }

    private static bool IsRegistrationUsed(RegistrationOptions options) =>
        options.Mode != RegistrationMode.Closed;

    private static bool IsRequestHandler(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IRequestHandler<,>);
}
