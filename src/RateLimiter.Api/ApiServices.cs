using System.Text;
using System.Text.Json;
using FluentValidation;
using FluentValidation.AspNetCore;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Formatters;
using Microsoft.AspNetCore.Mvc.Infrastructure;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.AspNetCore.Mvc.ModelBinding.Metadata;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using RateLimiter.Api.Checks;
using RateLimiter.Api.Dashboard;
using RateLimiter.Api.Docs;
using RateLimiter.Api.Gateway;
using RateLimiter.Api.Health;
using RateLimiter.Api.Hosting;
using RateLimiter.Api.Http.Authentication;
using RateLimiter.Api.Http.Errors;
using RateLimiter.Api.Http.Json;
using RateLimiter.Api.Http.Yaml;
using RateLimiter.Api.Logs;
using RateLimiter.Api.Policies;
using RateLimiter.Api.Telemetry;
using RateLimiter.Application.Configuration;

namespace RateLimiter.Api;

internal static class ApiServices
{
    // With the default shutdown delay, Ctrl-C ends the service within 5 s, whatever is still in progress.
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(4);

    private static readonly TimeSpan HstsMaxAge = TimeSpan.FromDays(365);

    /// <summary>Adds controllers, their JSON, validation and errors, the documentation pages and the web server.</summary>
    public static void AddApi(this WebApplicationBuilder builder)
    {
        builder.Logging.AddConsole(options => options.FormatterName = LineFormatter.FormatterName);
        builder.Logging.AddConsoleFormatter<LineFormatter, ConsoleFormatterOptions>();
        // Startup logs in one line why the service cannot start; the host would log it again with a stack trace.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        // The connection logs once when the store is lost; the probes would log it again every time.
        builder.Logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None);

        builder.AddWebServer();
        var services = builder.Services;
        services.AddShutdown();
        services.AddProxies();
        services.AddBrowserOrigins(builder.Configuration);
        services.AddRequests();
        services.AddReadModels();
        services.AddSingleton<EventTexts>();
        services.AddHsts(hsts => hsts.MaxAge = HstsMaxAge);
        services.AddDocs();
        builder.AddDashboard();
        builder.AddTelemetry();
    }

    /// <summary>The pipeline, in the order in which a request passes through it.</summary>
    public static void UseApi(this WebApplication app)
    {
        app.Use(app.Services.GetRequiredService<WarmUp>().Keep);
        app.UseTelemetry();
        if (app.Services.GetRequiredService<IOptions<ProxyOptions>>().Value.Entries().Any())
        {
            app.Use(app.Services.GetRequiredService<ProxyHeaders>().ApplyAsync);
        }

        if (app.Configuration.ServesHttps())
        {
            app.UseHsts();
        }

        app.Use(app.Services.GetRequiredService<Shutdown>().CloseConnectionAsync);
        app.UseExceptionHandler();
        app.UseBrowserOrigins();
        app.Use(HeadRequests.HandleAsGetAsync);
        app.Use(GatewayPath.KeepAsync);
        app.UseRouting();
        // A controller needs none of the middleware that follows, and is called from here.
        app.MapControllers().ShortCircuit();
        app.UseDashboard();
        app.UseStatusCodePages(ProblemResponse.WriteStatusAsync);
        app.UseDocs();
        app.MapHome();
        app.MapHealth();
        app.MapMetrics();
    }

    private static void AddShutdown(this IServiceCollection services)
    {
        services.AddBoundOptions<ShutdownOptions>(ShutdownOptions.Section);
        services
            .AddOptions<HostOptions>()
            .Configure<IOptions<ShutdownOptions>>(
                (host, shutdown) =>
                    host.ShutdownTimeout =
                        ShutdownTimeout + TimeSpan.FromMilliseconds(shutdown.Value.DelayMs)
            );
        services.AddHosted<Shutdown>();
        services.AddHealthChecks().AddCheck<Shutdown>("serving");
        services.AddHosted<WarmUp>();
        services.AddHealthChecks().AddCheck<WarmUp>("warm-up");
    }

    private static void AddProxies(this IServiceCollection services)
    {
        services.AddBoundOptions<ProxyOptions>(ProxyOptions.Section);
        services.AddSingleton<IValidateOptions<ProxyOptions>, ProxyOptionsValidator>();
        services.AddSingleton<ProxyHeaders>();
    }

    private static void AddRequests(this IServiceCollection services)
    {
        services
            // AddControllers would add authentication, authorization and more to every request.
            .AddMvcCore(options =>
            {
                // One instance for all requests: they are stateless.
                options.Filters.Add(
                    new TypeFilterAttribute(typeof(ApiKeyFilter))
                    {
                        IsReusable = true,
                        Order = int.MinValue,
                    }
                );
                options.Filters.Add(new UnknownQueryFilter());
                options.ModelMetadataDetailsProviders.Add(
                    new SystemTextJsonValidationMetadataProvider(JsonNamingPolicy.SnakeCaseLower)
                );
                options.ModelMetadataDetailsProviders.Add(new ExactTextMetadataProvider());
                var messages = options.ModelBindingMessageProvider;
                messages.SetMissingBindRequiredValueAccessor(_ => "is required");
                // Omits the value, which may be an API key in the wrong place.
                messages.SetAttemptedValueIsInvalidAccessor((_, _) => "cannot be read");
                messages.SetNonPropertyAttemptedValueIsInvalidAccessor(_ => "cannot be read");
                messages.SetValueIsInvalidAccessor(_ => "cannot be read");
                messages.SetMissingRequestBodyRequiredValueAccessor(() => "is required");
                options.SuppressImplicitRequiredAttributeForNonNullableReferenceTypes = true;
                // No operation reads forms, and the framework's form readers fail at names such as "a[b".
                options.ValueProviderFactories.Clear();
                options.ValueProviderFactories.Add(new RouteValueProviderFactory());
                options.ValueProviderFactories.Add(new QueryStringValueProviderFactory());
                options.InputFormatters.Clear();
                options.InputFormatters.Add(new JsonBodyFormatter());
                options.InputFormatters.Add(new YamlBodyFormatter(typeof(PolicySetDocument)));
                options.ModelBinderProviders.Insert(0, new TimeBinderProvider());
                options.ModelBinderProviders.Insert(0, new EnumBinderProvider());
                // Responses are UTF-8 whatever Accept-Charset asks for.
                foreach (var output in options.OutputFormatters.OfType<TextOutputFormatter>())
                {
                    output.SupportedEncodings.Remove(Encoding.Unicode);
                }
            })
            .AddApiExplorer()
            .AddDataAnnotations()
            .AddJsonOptions(options => ApiJson.Configure(options.JsonSerializerOptions))
            .ConfigureApiBehaviorOptions(options =>
                options.InvalidModelStateResponseFactory = context =>
                    ProblemResponse.Validation(context.HttpContext, context.ModelState)
            );

        services.AddSingleton<ParameterBinder, JsonParameterBinder>();
        services.AddSingleton<IJsonBodyReader, CheckRequestReader>();
        services.AddSingleton<IJsonBodyReader, CheckBatchRequestReader>();

        ValidatorOptions.Global.PropertyNameResolver = (_, member, _) =>
            member is null ? null : JsonNamingPolicy.SnakeCaseLower.ConvertName(member.Name);
        services.AddFluentValidationAutoValidation();
        services.AddValidatorsFromAssemblyContaining<JsonBodyFormatter>(
            ServiceLifetime.Singleton,
            includeInternalTypes: true
        );

        services.AddSingleton<ProblemDetailsFactory, ApiProblemDetailsFactory>();
        services.AddExceptionHandler<ApiExceptionHandler>();
        services.AddProblemDetails();
    }

    private static void AddReadModels(this IServiceCollection services) =>
        services.AddAutoMapper(
            options => options.AllowNullCollections = true,
            typeof(JsonBodyFormatter).Assembly
        );
}
