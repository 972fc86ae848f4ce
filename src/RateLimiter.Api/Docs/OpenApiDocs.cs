using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.FileProviders;
using NSwag;
using NSwag.Generation.AspNetCore;
using NSwag.Generation.Processors;
using NSwag.Generation.Processors.Contexts;
using RateLimiter.Api.Authentication;
using RateLimiter.Api.Hosting;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Api.Docs;

/// <summary>The OpenAPI document at <c>/openapi.json</c> and the Swagger UI at <c>/docs</c>.</summary>
internal static class OpenApiDocs
{
    private const string DocumentPath = "/openapi.json";
    private const string PagePath = "/docs";
    private const string Scheme = "ApiKey";

    public static void AddDocs(this IServiceCollection services) =>
        services.AddOpenApiDocument(
            (document, provider) =>
            {
                document.Title = "RateLimiter";
                document.Version = "v1";
                document.Description = "May this user do this now?";
                document.UseControllerSummaryAsTagDescription = true;
                document.AddSecurity(
                    Scheme,
                    new OpenApiSecurityScheme
                    {
                        Type = OpenApiSecuritySchemeType.ApiKey,
                        In = OpenApiSecurityApiKeyLocation.Header,
                        Name = ApiKeyFilter.HeaderName,
                        Description = "The key that POST /register gave.",
                    }
                );
                document.OperationProcessors.Add(new ApiKeyProcessor());
                document.SchemaSettings.SchemaProcessors.Add(
                    ActivatorUtilities.CreateInstance<WireSchemas>(provider)
                );
            }
        );

    /// <summary>In a branch of their own, so that no other request goes through them.</summary>
    public static void UseDocs(this WebApplication app) =>
        app.UseWhen(
            context =>
                context.Request.Path.StartsWithSegments(PagePath)
                || context.Request.Path == DocumentPath,
            docs =>
            {
                docs.UsePageHeaders(PageHeaders.OfDocs, "no-referrer");
                // In the place of NSwag's page, which holds a script, and shows any document that its address names.
                docs.UseStaticFiles(
                    new StaticFileOptions
                    {
                        RequestPath = PagePath,
                        FileProvider = new EmbeddedFileProvider(
                            typeof(OpenApiDocs).Assembly,
                            $"{typeof(OpenApiDocs).Namespace}.Page"
                        ),
                    }
                );
                docs.Use(ForgetWhereAsync);
                docs.UseOpenApi(settings =>
                {
                    settings.Path = DocumentPath;
                    // Without one, it is where the document came from.
                    settings.PostProcess = (document, _) => document.Servers.Clear();
                });
                docs.UseSwaggerUi(settings =>
                {
                    settings.Path = PagePath;
                    settings.DocumentPath = DocumentPath;
                });
            }
        );

    // The pages believe whoever says where the service is, and keep what the first one said for all who come after.
    private static Task ForgetWhereAsync(HttpContext context, RequestDelegate next)
    {
        var request = context.Request;
        request.Host = new HostString("localhost");
        request.Headers.Remove("X-Forwarded-Host");
        request.Headers.Remove("X-Forwarded-Proto");
        request.Headers.Remove("X-Forwarded-Prefix");
        return next(context);
    }

    /// <summary>
    /// Says of each operation whether it wants a key, and what for, by the rule of <see cref="ApiKeyFilter"/>.
    /// </summary>
    private sealed class ApiKeyProcessor : IOperationProcessor
    {
        public bool Process(OperationProcessorContext context)
        {
            var action = ((AspNetCoreOperationProcessorContext)context)
                .ApiDescription
                .ActionDescriptor;
            if (!action.EndpointMetadata.OfType<IAllowAnonymous>().Any())
            {
                var operation = context.OperationDescription.Operation;
                (operation.Security ??= []).Add(new OpenApiSecurityRequirement { [Scheme] = [] });
                var required = action.EndpointMetadata.OfType<RequiresScopeAttribute>();
                var names = required.LastOrDefault()?.Scopes.ToNames() ?? ["admin"];
                operation.Description =
                    $"{operation.Description}\n\nScope: `{string.Join("` or `", names)}`".Trim();
            }

            return true;
        }
    }
}
